//! The schemas of Rust types: the clean schema on the card, and the values that pass the check of arguments.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::*;
use crate::handler::registry::ToolDef;
use crate::prelude::*;

fn schemas(tool: &ToolDef) -> ToolSchemas {
    ToolSchemas::of(tool.args, tool.output).unwrap()
}

fn property(tool: &ToolDef, name: &str) -> Value {
    schemas(tool).input["properties"][name].clone()
}

fn check(tool: &ToolDef, arguments: Value) -> Result<Map<String, Value>, Vec<String>> {
    let Value::Object(mut arguments) = arguments else { panic!("an object") };
    let outcome = schemas(tool).validator.check(&mut arguments);
    outcome.map(|()| arguments).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

macro_rules! tool_of {
    ($tool:ident) => {
        tools![$tool][0]
    };
}

/// How warm.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Warmth {
    /// Below zero.
    Cold,
    /// Above it.
    Warm,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Plain {
    A,
    B,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Place {
    /// What people call it.
    title: String,
    format: Option<String>,
    height: Option<u16>,
    warmth: Option<Warmth>,
    inner: Option<Box<Inner>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    x: i32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    name: String,
    children: Vec<Tree>,
}

/// Takes all kinds.
#[tool]
#[allow(clippy::too_many_arguments)]
fn kinds(
    small: u8,
    big: u64,
    float: f32,
    maybe: Option<i32>,
    any: Value,
    map: HashMap<String, Value>,
    /// How warm it is.
    warmth: Warmth,
    plain: Plain,
    shape: Shape,
    place: Place,
    list: Vec<Option<u8>>,
    pair: (u8, String),
) {
    let _ = (small, big, float, maybe, any, map, warmth, plain, shape, place, list, pair);
}

/// Takes a tree.
#[tool]
fn tree(tree: Tree) -> Tree {
    tree
}

/// Takes a whole tree.
#[tool]
fn whole_tree(Args(tree): Args<Tree>) -> Vec<Tree> {
    vec![tree]
}

/// Gives an option.
#[tool]
fn gives() -> Place {
    Place { title: String::new(), format: None, height: None, warmth: None, inner: None }
}

#[test]
fn numbers_lose_their_formats_and_keep_their_bounds() {
    let kinds = tool_of!(kinds);
    assert_eq!(property(kinds, "small"), json!({"type": "integer", "minimum": 0, "maximum": 255}));
    assert_eq!(property(kinds, "big"), json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}));
    assert_eq!(property(kinds, "float"), json!({"type": "number"}));
}

/// Takes numbers.
#[tool]
#[allow(clippy::too_many_arguments)]
fn numbers(
    word: u32,
    signed: i32,
    wide: i128,
    size: usize,
    nonzero: std::num::NonZeroU8,
    signed_nonzero: std::num::NonZeroI64,
    #[arg(range = ..=10)] few: u32,
) {
    let _ = (word, signed, wide, size, nonzero, signed_nonzero, few);
}

#[test]
fn mcp_8_the_bounds_of_number_types_are_on_the_card_and_one_answer_has_all_errors() {
    let numbers = tool_of!(numbers);
    for (name, least, greatest) in [
        ("word", json!(0), json!(u32::MAX)),
        ("signed", json!(i32::MIN), json!(i32::MAX)),
        ("wide", json!(i64::MIN), json!(u64::MAX)),
        ("size", json!(0), json!(u64::MAX)),
        ("nonzero", json!(1), json!(255)),
        ("signed_nonzero", json!(i64::MIN), json!(i64::MAX)),
        ("few", json!(0), json!(10)),
    ] {
        let property = property(numbers, name);
        assert_eq!((&property["minimum"], &property["maximum"]), (&least, &greatest), "{name}");
    }
    let arguments = json!({
        "word": 4_294_967_296_u64, "signed": -2_147_483_649_i64, "wide": 1e20, "size": -1, "nonzero": 0,
        "signed_nonzero": 0, "few": 11,
    });
    let errors = check(numbers, arguments).unwrap_err();
    assert_eq!(errors.len(), 7, "{errors:?}");
}

#[test]
fn an_option_is_not_required_and_has_no_null() {
    let kinds = tool_of!(kinds);
    assert_eq!(property(kinds, "maybe")["type"], "integer");
    let required = schemas(kinds).input["required"].clone();
    assert!(!required.as_array().unwrap().contains(&json!("maybe")), "{required}");
    assert!(!property(kinds, "place").to_string().contains("null"));
    // Where nothing can be left out, `null` is how one says so.
    assert_eq!(property(kinds, "list")["items"]["type"], json!(["integer", "null"]));
}

#[test]
fn no_boolean_schema_is_left_where_clients_refuse_one() {
    let kinds = tool_of!(kinds);
    assert_eq!(property(kinds, "any"), json!({}));
    assert_eq!(property(kinds, "map"), json!({"type": "object", "additionalProperties": true}));
}

#[test]
fn documented_variants_become_an_enum_with_their_descriptions() {
    let kinds = tool_of!(kinds);
    let warmth = property(kinds, "warmth");
    assert_eq!(warmth["enum"], json!(["cold", "warm"]));
    assert_eq!(warmth["type"], "string");
    assert_eq!(warmth["description"], "How warm it is. `cold`: Below zero.; `warm`: Above it.");
    assert_eq!(property(kinds, "plain"), json!({"type": "string", "enum": ["A", "B"]}));
    let shape = property(kinds, "shape");
    assert_eq!(shape["anyOf"].as_array().unwrap().len(), 2, "{shape}");
}

#[test]
fn fields_named_like_keywords_stay() {
    let place = property(tool_of!(kinds), "place");
    assert_eq!(
        place["properties"]["title"],
        json!({"type": "string", "description": "What people call it."})
    );
    assert_eq!(place["properties"]["format"], json!({"type": "string"}));
    assert_eq!(place["properties"]["height"], json!({"type": "integer", "minimum": 0, "maximum": 65535}));
    assert_eq!(
        place["properties"]["inner"]["properties"],
        json!({"x": {"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}}),
        "inlined"
    );
    assert_eq!(place["required"], json!(["title"]));
    assert!(place.get("title").is_none());
}

#[test]
fn recursion_keeps_its_definitions() {
    let input = schemas(tool_of!(tree)).input;
    assert!(input["$defs"]["Tree"].is_object(), "{input}");
    let whole = schemas(tool_of!(whole_tree));
    assert_eq!(whole.input["type"], "object");
    assert_eq!(whole.input["additionalProperties"], false);
    assert!(whole.input["$defs"]["Tree"].is_object(), "{}", whole.input);
    assert!(whole.output.unwrap()["$defs"]["Tree"].is_object());
    let good = json!({"name": "a", "children": [{"name": "b", "children": []}]});
    assert!(check(tool_of!(whole_tree), good.clone()).is_ok());
    assert!(check(tool_of!(tree), json!({"tree": good})).is_ok());
    let bad = json!({"name": "a", "children": [{"name": 1, "children": []}]});
    assert_eq!(
        check(tool_of!(whole_tree), bad).unwrap_err(),
        ["`/children/0/name`: expected a string, got 1"]
    );
}

#[test]
fn a_result_keeps_its_nulls_and_nothing_has_no_schema() {
    let output = schemas(tool_of!(gives)).output.unwrap();
    assert_eq!(output["properties"]["height"]["type"], json!(["integer", "null"]));
    assert_eq!(schemas(tool_of!(kinds)).output, None);
}

#[test]
fn schemas_are_the_same_each_time() {
    let texts: Vec<_> = (0..5).map(|_| schemas(tool_of!(kinds)).input.to_string()).collect();
    assert!(texts.iter().all(|text| *text == texts[0]));
}

fn good() -> Value {
    json!({
        "small": 1, "big": 1, "float": 1.5, "any": null, "map": {}, "warmth": "cold", "plain": "A",
        "shape": {"kind": "circle", "radius": 1}, "list": [1, null], "pair": [1, "x"],
        "place": {"title": "x", "height": null, "inner": null, "warmth": null},
    })
}

#[test]
fn mcp_8_an_explicit_null_is_as_good_as_nothing() {
    let mut arguments = good();
    arguments["maybe"] = Value::Null;
    let checked = check(tool_of!(kinds), arguments).unwrap();
    assert!(!checked.contains_key("maybe"));
    check(tool_of!(kinds), good()).unwrap();
}

#[test]
fn mcp_8_each_error_names_its_pointer_and_what_is_expected() {
    for (name, value, expected) in [
        ("small", json!(256), "`/small`: expected at most 255, got 256"),
        ("small", json!(-1), "`/small`: expected at least 0, got -1"),
        ("small", json!(1.5), "`/small`: expected a whole number, got 1.5"),
        ("warmth", json!("hot"), "`/warmth`: expected one of \"cold\", \"warm\", got \"hot\""),
        (
            "shape",
            json!({"kind": "heart"}),
            "`/shape/kind`: expected one of \"circle\", \"square\", got \"heart\"",
        ),
        (
            "place",
            json!({"title": "x", "warmth": "hot"}),
            "`/place/warmth`: expected one of \"cold\", \"warm\", got \"hot\"",
        ),
        (
            "place",
            json!({"title": "x", "inner": {"x": "y"}}),
            "`/place/inner/x`: expected a whole number, got \"y\"",
        ),
        ("plain", json!("C"), "`/plain`: expected one of \"A\", \"B\", got \"C\""),
        ("place", json!({"title": 1}), "`/place/title`: expected a string, got 1"),
        ("list", json!({}), "`/list`: expected a list, got an object"),
        (
            "map",
            json!("x".repeat(100)),
            "`/map`: expected an object, got \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…",
        ),
    ] {
        let mut arguments = good();
        arguments[name] = value;
        assert_eq!(check(tool_of!(kinds), arguments).unwrap_err(), [expected]);
    }
    let mut arguments = good();
    arguments.as_object_mut().unwrap().remove("small");
    arguments["smal"] = json!(1);
    assert_eq!(
        check(tool_of!(kinds), arguments).unwrap_err(),
        ["`/smal`: unknown; did you mean `small`?", "`/small`: missing; give it, a whole number"]
    );
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Start { rpm: u32 },
    Go(u8),
    Stop,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Internal {
    Start { rpm: u32 },
    Stop,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "with", rename_all = "lowercase")]
enum Adjacent {
    Start { rpm: u32 },
    Go(u8),
    Stop,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Start { rpm: u32 },
    Go(u8),
}

/// Takes an enum in each of serde's ways to write it.
#[tool]
fn commands(
    external: Option<External>,
    internal: Option<Internal>,
    adjacent: Option<Adjacent>,
    untagged: Option<Untagged>,
) {
    let _ = (external, internal, adjacent, untagged);
}

#[test]
fn mcp_8_an_error_in_a_variant_names_its_field_and_that_of_no_variant_the_tags() {
    for (arguments, expected) in [
        (
            json!({"external": {"Start": {"rpm": "3"}}}),
            "`/external/Start/rpm`: expected a whole number, got \"3\"",
        ),
        (json!({"external": {"Go": 256}}), "`/external/Go`: expected at most 255, got 256"),
        (
            json!({"external": {"Fly": {}}}),
            "`/external`: expected an object with one member, which is one of \"Go\", \"Start\", got an object",
        ),
        (json!({"external": "Fly"}), "`/external`: expected one of \"Stop\", got \"Fly\""),
        (json!({"internal": {"kind": "start"}}), "`/internal/rpm`: missing; give it, a whole number"),
        (
            json!({"internal": {"kind": "fly"}}),
            "`/internal/kind`: expected one of \"start\", \"stop\", got \"fly\"",
        ),
        (json!({"internal": {"rpm": 3}}), "`/internal/kind`: missing; give it, one of \"start\", \"stop\""),
        (json!({"internal": 3}), "`/internal`: expected an object, got 3"),
        (
            json!({"adjacent": {"kind": "start", "with": {"rpm": -1}}}),
            "`/adjacent/with/rpm`: expected at least 0, got -1",
        ),
        (json!({"adjacent": {"kind": "go"}}), "`/adjacent/with`: missing; give it, a whole number"),
        (json!({"untagged": {"rpm": true}}), "`/untagged/rpm`: expected a whole number, got true"),
        (json!({"untagged": 256}), "`/untagged`: expected at most 255, got 256"),
        (json!({"untagged": "x"}), "`/untagged`: expected a whole number or an object, got \"x\""),
    ] {
        assert_eq!(check(tool_of!(commands), arguments.clone()).unwrap_err(), [expected], "{arguments}");
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Shelf {
    row: Option<String>,
    level: u8,
}

/// Takes a shelf.
#[tool]
fn shelf(shelf: Shelf) {
    let _ = shelf;
}

#[test]
fn mcp_8_beside_a_missing_field_the_one_is_told_that_may_stand_for_it() {
    for (given, told) in [
        (json!({"levl": 3}), "`/shelf/level`: missing; give it, a whole number; did you mean it by `levl`?"),
        (json!({"row": "A"}), "`/shelf/level`: missing; give it, a whole number"),
        (json!({"other": 3}), "`/shelf/level`: missing; give it, a whole number"),
        // What is that long is no misspelling, and is not compared.
        (json!({format!("level{}", "x".repeat(64)): 3}), "`/shelf/level`: missing; give it, a whole number"),
    ] {
        assert_eq!(check(tool_of!(shelf), json!({"shelf": given})).unwrap_err(), [told]);
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    query: String,
    #[serde(default)]
    limit: u32,
}

/// Takes a page.
#[tool]
fn page(page: Page) {
    let _ = page;
}

#[test]
fn mcp_8_a_misspelt_field_within_an_argument_is_told_with_the_one_that_is_meant() {
    let errors = check(tool_of!(page), json!({"page": {"query": "x", "limt": 5}})).unwrap_err();
    assert_eq!(errors, ["`/page/limt`: unknown; did you mean `limit`?"]);
    let errors = check(tool_of!(page), json!({"page": {"query": "x", "zz": 5}})).unwrap_err();
    assert_eq!(errors, ["`/page/zz`: unknown; what may be there is `limit`, `query`"]);
}

#[test]
fn mcp_8a_what_would_take_too_long_to_check_has_the_code_too_complex() {
    let mut schema = json!({"type": "integer"});
    for level in 0..17 {
        schema = json!({"anyOf": [{"allOf": [schema.clone(), {"minimum": 1}]}, {"not": schema}, {"const": level}]});
    }
    let arguments = Arguments::new(&json!({"properties": {"a": schema}}), Vec::new(), Vec::new()).unwrap();
    let mut whole = Map::from_iter([("a".to_owned(), json!(0))]);
    let body = crate::handler::refusal::invalid_arguments(&arguments.check(&mut whole).unwrap_err());
    assert_eq!(body.code.as_deref(), Some("too_complex"));
    assert_eq!(
        body.message,
        "the arguments are too complex to be checked; send fewer values, or less deeply nested ones"
    );
}

#[test]
fn mcp_8a_a_pattern_that_takes_more_than_linear_time_is_refused() {
    let schema = json!({"properties": {"text": {"pattern": "^(?=.*[0-9]).{8,}$"}}});
    let error = Arguments::new(&schema, Vec::new(), Vec::new()).unwrap_err().to_string();
    assert!(
        error.starts_with("argument `text`: the pattern `^(?=.*[0-9]).{8,}$` cannot be matched:"),
        "{error}"
    );
    assert!(error.ends_with("write it without look-around and back-references"), "{error}");
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Expr {
    Num { value: i64 },
    Add { left: Box<Expr>, right: Box<Expr> },
}

/// Evaluates.
#[tool]
fn evaluate(expr: Expr) {
    let _ = expr;
}

#[test]
fn mcp_8a_a_recursive_enum_is_checked_to_the_depth_that_json_is_read_to() {
    let num = json!({"kind": "Num", "value": 1});
    let deep = |last: Value| {
        (0..120)
            .fold(last, |left, _| json!({"kind": "Add", "left": left, "right": {"kind": "Num", "value": 1}}))
    };
    assert!(check(tool_of!(evaluate), json!({"expr": deep(num)})).is_ok());
    let errors = check(tool_of!(evaluate), json!({"expr": deep(json!({"kind": "Sub"}))})).unwrap_err();
    assert!(errors[0].ends_with("/left/kind`: expected one of \"Add\", \"Num\", got \"Sub\""), "{errors:?}");
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Unit {
    Celsius,
    #[serde(other)]
    Other,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reading {
    #[serde(alias = "temp")]
    temperature: i32,
    unit: Unit,
    labels: std::collections::BTreeSet<String>,
}

/// Takes a reading.
#[tool]
fn read(reading: Reading) {
    let _ = reading;
}

#[test]
fn mcp_8_what_serde_takes_beside_the_schema_is_refused() {
    let reading = |name: &str, unit: &str, labels: Value| json!({"reading": {name: 20, "unit": unit, "labels": labels}});
    assert!(check(tool_of!(read), reading("temperature", "Celsius", json!(["a", "b"]))).is_ok());
    for (arguments, expected) in [
        (reading("temp", "Celsius", json!([])), "`/reading/temp`: unknown; did you mean `temperature`?"),
        (
            reading("temperature", "Kelvin", json!([])),
            "`/reading/unit`: expected one of \"Celsius\", \"Other\", got \"Kelvin\"",
        ),
        (
            reading("temperature", "Celsius", json!(["a", "a"])),
            "`/reading/labels`: expected items that differ from each other, got a list of 2",
        ),
    ] {
        assert!(serde_json::from_value::<Reading>(arguments["reading"].clone()).is_ok(), "{arguments}");
        let errors = check(tool_of!(read), arguments).unwrap_err();
        assert!(errors.iter().any(|error| error == expected), "{errors:?}");
    }
}

#[test]
fn mcp_8_an_answer_names_a_bounded_number_of_errors() {
    let many: Map<String, Value> = (0..500).map(|i| (format!("x{i}"), json!(i))).collect();
    assert_eq!(check(tool_of!(kinds), Value::Object(many)).unwrap_err().len(), 20);
}

proptest! {
    #[test]
    fn mcp_8_what_passes_the_check_is_read(
        small in any::<i16>(), maybe in proptest::option::of(any::<i64>()), plain in "A|B|C", title in proptest::option::of(".{0,4}"),
    ) {
        let mut arguments = good();
        arguments["small"] = json!(small);
        arguments["maybe"] = json!(maybe);
        arguments["plain"] = json!(plain);
        arguments["place"]["title"] = json!(title);
        if let Ok(checked) = check(tool_of!(kinds), arguments) {
            prop_assert!(serde_json::from_value::<u8>(checked["small"].clone()).is_ok());
            prop_assert!(serde_json::from_value::<Plain>(checked["plain"].clone()).is_ok());
            prop_assert!(serde_json::from_value::<Place>(checked["place"].clone()).is_ok());
        }
    }
}
