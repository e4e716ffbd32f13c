//! The messages for values that do not fit.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::schema::generate::accepted;
use crate::schema::validate::run::Run;
use crate::schema::validate::{Plan, Wrongs, compile};
use crate::schema::wording::message;

/// Everything that is wrong, each with its pointer.
fn told(schema: &Value, value: &Value) -> Vec<String> {
    match compile(schema).unwrap().wrongs(value, 20) {
        None => Vec::new(),
        Some(Wrongs::Found(wrongs)) => {
            wrongs.iter().map(|wrong| format!("{}: {}", wrong.pointer, message(wrong))).collect()
        }
        Some(Wrongs::TooComplex) => vec!["too complex".to_owned()],
    }
}

#[test]
fn mcp_8_what_is_left_unevaluated_is_not_told_where_something_else_is_wrong() {
    let schema =
        json!({"allOf": [{"properties": {"a": {"type": "integer"}}}], "unevaluatedProperties": false});
    assert_eq!(told(&schema, &json!({"a": "x"})), ["/a: expected a whole number, got \"x\""]);
    assert_eq!(told(&schema, &json!({"a": 1, "b": 1})), ["/b: unknown; the arguments are `a`"]);
    let schema = json!({"allOf": [{"prefixItems": [{"type": "integer"}]}], "unevaluatedItems": false});
    assert_eq!(told(&schema, &json!(["x"])), ["/0: expected a whole number, got \"x\""]);
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
enum Shape {
    Circle { radius: u8 },
    Square { side: u8 },
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Drawn {
    color: String,
    #[serde(flatten)]
    shape: Shape,
}

#[test]
fn mcp_8_of_a_flattened_enum_the_field_is_told_that_is_wrong() {
    let schema = accepted(Drawn::json_schema);
    let shapes = "\"circle\", \"square\"";
    for (value, expected) in [
        (json!({"color": "red", "circle": {"radius": 1}}), ""),
        (json!({"color": "red", "circle": {"radius": 256}}), "/circle/radius: expected at most 255, got 256"),
        (
            json!({"color": "red"}),
            &format!(": expected an object with one of the members {shapes}, got an object"),
        ),
        (
            json!({"color": "red", "circle": {"radius": 1}, "square": {"side": 1}}),
            &format!(": expected an object with only one of the members {shapes}, got an object"),
        ),
    ] {
        let expected: Vec<_> = Some(expected).filter(|expected| !expected.is_empty()).into_iter().collect();
        assert_eq!(told(&schema, &value), expected, "{value} against {schema}");
    }
}

#[test]
fn mcp_8_pointers_have_the_whole_names() {
    let schema = json!({"additionalProperties": {"type": "integer"}});
    let (one, other) = (format!("{}1", "a".repeat(200)), format!("{}2", "a".repeat(200)));
    let told = told(&schema, &json!({&one: "x", &other: "x"}));
    assert_eq!(told, [one, other].map(|name| format!("/{name}: expected a whole number, got \"x\"")));
}

#[test]
fn mcp_8_where_a_pointer_would_be_too_long_the_part_is_told() {
    let schema = json!({"$defs": {"Tree": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Tree"}}},
        "properties": {"tree": {"$ref": "#/$defs/Tree"}}});
    let long = "a".repeat(1_000_000);
    let value = json!({"tree": {"b": {"c": 1}, &long: {"d": {"e": 1, "f": 1}}}});
    let said = "something in it does not fit, below a name too long to be told; shorten the names";
    let mut told = told(&schema, &value);
    told.sort();
    assert_eq!(told, ["/tree/b/c: expected an object, got 1".to_owned(), format!("/tree: {said}")]);
}

#[test]
fn mcp_8a_what_was_found_wrong_stays_so_when_there_are_no_steps_to_say_more() {
    let steps = |fillers: usize| {
        let mut wrong = json!({"minimum": 1});
        for _ in 0..20 {
            wrong = json!({"allOf": [wrong]});
        }
        let plan =
            compile(&json!({"allOf": [{"not": {"const": vec![Value::Null; fillers]}}, wrong]})).unwrap();
        let mut run = Run::new(&plan, &Value::Null);
        assert!(!run.visit(Plan::ROOT, &json!(0)));
        (run.end().is_ok(), plan)
    };
    // As many as there are steps for.
    let (mut enough, mut too_many) = (99_900, 100_100);
    while too_many - enough > 1 {
        let middle = (enough + too_many) / 2;
        if steps(middle).0 { enough = middle } else { too_many = middle }
    }
    let (is_enough, plan) = steps(enough);
    assert!(is_enough && !steps(too_many).0);
    let value = json!(0);
    let Some(Wrongs::Found(wrongs)) = plan.wrongs(&value, 20) else { panic!("it is known not to fit") };
    assert_eq!(wrongs[0].pointer, "");
    assert_eq!(message(&wrongs[0]), "expected what the tool's `input_schema` asks for, got 0");
}

#[test]
fn mcp_8a_unevaluated_members_below_each_other_are_asked_once() {
    let schema = |depth: u32, rest: &str| {
        let leaf = json!({"properties": {"a": {"type": "integer"}}, "contains": {"minItems": 1}});
        (0..depth).fold(leaf, |inner, _| json!({"allOf": [inner], rest: false}))
    };
    for (rest, value) in [("unevaluatedProperties", json!({"a": 1})), ("unevaluatedItems", json!([[1], [1]]))]
    {
        let steps = |depth: u32| {
            let plan = compile(&schema(depth, rest)).unwrap();
            let mut run = Run::new(&plan, &value);
            assert!(run.visit(Plan::ROOT, &value) && run.end().is_ok());
            run.steps()
        };
        let (few, many) = (steps(10), steps(100));
        assert!(many <= few * 11, "{few} steps at 10 levels, {many} at 100");
    }
}

#[test]
fn mcp_8a_to_say_what_is_wrong_takes_time_in_proportion_to_the_value() {
    // A level is a list of many that fit, and the next level.
    let schema = json!({"items": {"anyOf": [{"type": "integer"}, {"$ref": "#"}]}, "type": "array"});
    let level = |inner: Value| {
        let mut items: Vec<Value> = (0..1_000).map(|_| json!([1])).collect();
        items.push(inner);
        Value::from(items)
    };
    let value = (0..100).fold(json!(["x"]), |inner, _| level(inner));
    let told = told(&schema, &value);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with(&format!("{}/0: expected", "/1000".repeat(100))), "{told:?}");
}

#[test]
fn mcp_8_a_tag_beside_flattened_members_is_told() {
    let variant = |tag: &str, field: &str| {
        let properties = Map::from_iter([
            ("kind".to_owned(), json!({"const": tag})),
            (field.to_owned(), json!({"type": "integer"})),
        ]);
        json!({"properties": properties, "required": ["kind", field]})
    };
    let schema = json!({"type": "object", "oneOf": [variant("a", "x"), variant("b", "y")], "unevaluatedProperties": false});
    assert_eq!(
        told(&schema, &json!({"kind": "c", "x": 1})),
        ["/kind: expected one of \"a\", \"b\", got \"c\""]
    );
    assert_eq!(
        told(&schema, &json!({"kind": "a", "x": 1, "y": 1})),
        ["/y: unknown; the arguments are `kind`, `x`"]
    );
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
enum Warmth {
    Cold,
    Warm,
}

#[test]
fn mcp_8_of_a_wrong_key_of_a_map_it_is_told_what_its_keys_are() {
    let schema = |keys: &str| json!({"patternProperties": {keys: {}}, "additionalProperties": false});
    let maps = json!({"properties": {
        "count": accepted(std::collections::HashMap::<u32, u8>::json_schema),
        "level": accepted(std::collections::BTreeMap::<i8, u8>::json_schema),
        "code": schema("^[A-Z]$"),
        "rooms": accepted(std::collections::BTreeMap::<Warmth, u8>::json_schema),
    }});
    let expected = [
        "/code/x: `x` is no key here; the keys match `^[A-Z]$`",
        "/count/-1: `-1` is no key here; the keys are whole numbers from 0",
        "/level/x: `x` is no key here; the keys are whole numbers",
        "/rooms/hot: unknown; what may be there is `cold`, `warm`",
    ];
    let value = json!({"code": {"x": 1}, "count": {"-1": 1, "2": 3}, "level": {"-1": 1, "x": 1},
        "rooms": {"hot": 1, "warm": 2}});
    assert_eq!(told(&maps, &value), expected);
}

#[test]
fn mcp_8_one_is_told_in_the_singular() {
    let schema =
        json!({"properties": {"a": {"maxLength": 1}, "b": {"minItems": 1}, "c": {"maxProperties": 1}}});
    let expected = [
        "/a: expected at most 1 character, got \"xy\"",
        "/b: expected at least 1 item, got a list of 0",
        "/c: expected at most 1 member, got an object",
    ];
    assert_eq!(told(&schema, &json!({"a": "xy", "b": [], "c": {"d": 1, "e": 2}})), expected);
}
