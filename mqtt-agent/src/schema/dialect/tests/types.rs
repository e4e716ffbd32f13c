//! schemars' schemas of Rust types, as arguments of a tool: the card passes `Mcp`, and the providers' lints find what
//! the cleaning has left.

use std::collections::HashMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::*;
use crate::handler::param::Param;
use crate::handler::registry::{ArgDef, Handler, Location, Refused, ToolDef};
use crate::prelude::*;
use crate::schema::ToolSchemas;

/// The card's schema of the arguments; it has passed `Mcp`.
fn card(tool: &ToolDef) -> Value {
    let schemas = ToolSchemas::of(tool.args, tool.output).unwrap();
    assert_eq!(errors(&schemas.input, Dialect::Mcp), [""; 0], "{}", schemas.input);
    schemas.input
}

/// What keeps a card from each provider, whatever its projection mends: OpenAI strict, Anthropic, Gemini.
fn refused(card: &Value) -> [Vec<&'static str>; 3] {
    PROVIDERS.map(|dialect| match projection(dialect)(card) {
        Ok(projected) => {
            assert_eq!(errors(&projected, dialect), [""; 0]);
            Vec::new()
        }
        Err(findings) => findings.iter().map(Finding::rule).collect(),
    })
}

const NONE: [Vec<&str>; 3] = [Vec::new(), Vec::new(), Vec::new()];

/// The definition of a tool with one argument.
fn taking<T: Param<'static>>() -> ToolDef {
    let args: &'static [ArgDef] = Vec::leak(vec![ArgDef::new("it", "It.", T::NEED)]);
    let handler = Handler::Inline(|_| Err(Refused));
    ToolDef::new(
        "takes",
        "Takes it.",
        args,
        SchemaGenerator::subschema_for::<()>,
        handler,
        Location::new("a.rs", 7),
    )
}

/// The card of a tool with one argument.
fn card_of<T: Param<'static>>() -> Value {
    card(&taking::<T>())
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    /// A number.
    n: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Outer {
    /// A documented struct.
    inner: Inner,
    /// Or none.
    maybe: Option<Inner>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Documented {
    /// The first.
    A,
    /// The second.
    B,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Tagged {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Text(String),
    Nothing,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Text(String),
    Number(f64),
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    /// What is under it.
    children: Vec<Tree>,
    /// What is above it.
    parent: Option<Box<Tree>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Link {
    #[schemars(extend("format" = "uri"))]
    link: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Flat {
    a: String,
    #[serde(flatten)]
    shape: Tagged,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    a: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Unit;

#[test]
fn any_value_is_an_empty_schema() {
    let any = card_of::<Value>();
    assert_eq!(any["properties"]["it"], json!({"description": "It."}));
    assert_eq!(refused(&any), [vec!["untyped"], vec![], vec![]]);
    let maybe = card_of::<Option<Value>>();
    assert_eq!(refused(&maybe), [vec!["untyped"], vec![], vec![]]);
    let list = card_of::<Vec<Value>>();
    assert_eq!(list["properties"]["it"]["items"], json!({}));
}

#[test]
fn a_map_is_none_of_openai() {
    assert_eq!(refused(&card_of::<HashMap<String, Value>>()), [vec!["map"], vec![], vec![]]);
    assert_eq!(refused(&card_of::<HashMap<String, u8>>()), [vec!["map"], vec![], vec![]]);
    let card = card_of::<HashMap<String, Value>>();
    assert!(found(&card, Dialect::Gemini, Severity::Warning).contains(&"map"));
}

#[test]
fn numbers_have_no_formats() {
    for card in [card_of::<u8>(), card_of::<u64>(), card_of::<usize>(), card_of::<i128>(), card_of::<f32>()] {
        assert!(card["properties"]["it"].get("format").is_none(), "{card}");
        assert_eq!(refused(&card), NONE);
    }
}

#[test]
fn an_option_is_not_required() {
    let number = card_of::<Option<i32>>();
    assert_eq!(number["properties"]["it"]["type"], "integer");
    let object = card_of::<Option<Inner>>();
    assert_eq!(object["properties"]["it"]["type"], "object");
    for card in [number, object] {
        assert_eq!(
            errors(&card, Dialect::OpenAiStrict).iter().filter(|rule| **rule == "optional-property").count(),
            1
        );
        assert_eq!(refused(&card), NONE);
    }
}

#[test]
fn documented_variants_are_an_enum() {
    let card = card_of::<Documented>();
    assert_eq!(card["properties"]["it"]["enum"], json!(["A", "B"]));
    assert_eq!(PROVIDERS.map(|dialect| errors(&card, dialect)), NONE);
    assert_eq!(refused(&card), NONE);
}

#[test]
fn enums_with_data_are_alternatives() {
    let tagged = card_of::<Tagged>();
    let kinds: Vec<_> = tagged["properties"]["it"]["anyOf"].as_array().unwrap().iter().collect();
    assert_eq!(kinds.len(), 2, "{tagged}");
    assert_eq!(kinds[0]["properties"]["kind"], json!({"type": "string", "enum": ["Circle"]}));
    for card in [
        tagged,
        card_of::<External>(),
        card_of::<Untagged>(),
        card_of::<Option<Tagged>>(),
        card_of::<Vec<External>>(),
    ] {
        for dialect in PROVIDERS {
            let found = lint(&card, dialect);
            let gone = ["one-of", "constant"];
            assert!(found.iter().all(|finding| !gone.contains(&finding.rule())), "{dialect}: {card}");
        }
        assert!(!card.to_string().contains("oneOf") && !card.to_string().contains("const\""), "{card}");
        assert_eq!(refused(&card), NONE);
    }
}

#[test]
fn what_is_checked_stays_the_same() {
    let tool = taking::<Tagged>();
    let schemas = ToolSchemas::of(tool.args, tool.output).unwrap();
    let check = |it: Value| schemas.validator.check(json!({"it": it}).as_object_mut().unwrap()).is_ok();
    assert!(check(json!({"kind": "Circle", "radius": 1})));
    assert!(!check(json!({"kind": "Circle", "side": 1})) && !check(json!({"kind": "Heart"})));
}

#[test]
fn a_tuple_is_refused_where_its_items_differ() {
    let card = card_of::<(u8, String)>();
    assert_eq!(refused(&card), [vec!["tuple"], vec![], vec![]]);
    assert!(found(&card, Dialect::Gemini, Severity::Warning).contains(&"tuple"));
    assert_eq!(refused(&card_of::<(f64, f64)>()), NONE);
    assert_eq!(refused(&card_of::<[f64; 3]>()), NONE);
}

#[test]
fn a_documented_struct_is_inlined() {
    let card = card_of::<Outer>();
    assert!(!card.to_string().contains("$ref"), "{card}");
    assert_eq!(card["properties"]["it"]["properties"]["inner"]["description"], "A documented struct.");
    assert_eq!(refused(&card), NONE);
}

#[test]
fn a_type_that_holds_itself_is_a_reference_alone() {
    let card = card_of::<Tree>();
    for dialect in PROVIDERS {
        let found = lint(&card, dialect);
        assert!(found.iter().all(|finding| finding.rule() != "ref-siblings"), "{card}");
    }
    assert!(found(&card, Dialect::Anthropic, Severity::Warning).contains(&"recursion"));
    assert_eq!(refused(&card), NONE);
}

#[test]
fn structs_are_closed_on_the_way_out() {
    let rule = "open-object";
    assert!(errors(&card_of::<Inner>(), Dialect::OpenAiStrict).contains(&rule));
    assert!(!errors(&card_of::<Strict>(), Dialect::OpenAiStrict).contains(&rule));
    assert_eq!(refused(&card_of::<Inner>()), NONE);
}

#[test]
fn formats_of_providers() {
    let card = card_of::<Link>();
    let found = PROVIDERS.map(|dialect| errors(&card, dialect).contains(&"format"));
    assert_eq!(found, [true, false, true]);
    assert_eq!(refused(&card), NONE);
    assert_eq!(refused(&card_of::<Vec<u8>>()), NONE);
    assert_eq!(refused(&card_of::<std::net::IpAddr>()), NONE);
}

#[test]
fn a_flattened_enum_is_named() {
    let card = card_of::<Flat>();
    assert_eq!(refused(&card), [vec!["composed-object"], vec![], vec![]], "{card}");
}

#[test]
fn roots_that_are_no_objects_are_refused_when_the_agent_is_built() {
    for tool in [taking::<Args<Tagged>>(), taking::<Args<Unit>>(), taking::<Args<Vec<u8>>>()] {
        assert!(ToolSchemas::of(tool.args, tool.output).is_err());
    }
}

struct Remote;

impl Serialize for Remote {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl JsonSchema for Remote {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Remote".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object", "properties": {"x": {"$ref": "https://example.com/x.json"}}})
    }
}

#[test]
fn what_remains_after_generation_is_a_problem_with_its_place() {
    /// Gives one.
    #[tool]
    fn gives_remote() -> Remote {
        Remote
    }
    let agent = Agent::new("a b").tools(tools![gives_remote]);
    let crate::Error::Invalid(problems) = agent.build().unwrap_err() else { panic!("not invalid") };
    assert_eq!(problems.len(), 2, "one does not hide the other: {problems:?}");
    let problem = problems.iter().find(|problem| problem.message().starts_with("tool")).unwrap();
    assert!(problem.to_string().contains("tests/types.rs:"), "{problem}");
    assert_eq!(
        problem.message(),
        "tool `gives_remote`: `/output_schema/properties/x`: `$ref` is `https://example.com/x.json`, which is nowhere in the \
         schema, and clients fetch nothing (MCP, `unresolved-ref`); derive `JsonSchema`, which keeps all definitions \
         in the schema"
    );
}

#[test]
fn providers_are_asked_for() {
    /// Takes a map.
    #[tool]
    fn takes_map(map: HashMap<String, u8>, maybe: Option<u8>) {
        let _ = (map, maybe);
    }
    let agent = || Agent::new("a").tools(tools![takes_map]);
    assert!(agent().build().is_ok());
    assert!(agent().lint(Dialect::Anthropic).lint(Dialect::Gemini).build().is_ok());
    let text = agent().lint(Dialect::OpenAiStrict).build().unwrap_err().to_string();
    assert!(
        text.contains("`map`") && text.contains("use a `Vec` of a struct") && !text.contains("optional"),
        "{text}"
    );
}
