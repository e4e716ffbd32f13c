//! The rules of MCP clients, with any model. Tested with `@modelcontextprotocol/sdk` 1.32.2, its `client` 2.4.0, `mcp`
//! 2.3.0 of PyPI and the Inspector 2.12.

use super::{Check, MALFORMED, Rule, Side, TOO_DEEP, TOO_LARGE, UNRESOLVED};
use crate::schema::dialect::{checks, names};
use crate::schema::keywords;

const TRIED: &str = "tried with the clients named in `rules/mcp.rs`";
const SPEC: &str = "MCP 2026-07-28, tools";

pub(super) const RULES: &[Rule] = &[
    Rule::error("tool-name", Check::Name(|name| names::outside(name, names::dotted, 128))).says(
        "and clients may leave the tool out",
        "name it with 1 to 128 of `A-Z a-z 0-9 _ . -`: `#[tool(\"name\")]`",
        SPEC,
    ),
    Rule::error("root-not-object", Check::Node(checks::root_no_object)).says(
        "and the official SDKs refuse the whole list of tools",
        "take the arguments as parameters, or as a struct with named fields",
        TRIED,
    ),
    Rule::error("root-composition", Check::Node(checks::root_composed)).says(
        "and Anthropic refuses the whole request",
        "put the enum into a field of a struct",
        "https://github.com/anthropics/claude-code/issues/5319",
    ),
    Rule::error("boolean-property", Check::Node(checks::boolean_property)).on(Side::Both).says(
        "and the TypeScript SDK 1.x refuses the whole list of tools",
        "write `{}` in the type's own `JsonSchema`, or take a type that says more",
        "https://github.com/modelcontextprotocol/inspector/issues/1005",
    ),
    Rule::error("mcp-header", Check::Node(checks::header)).says(
        "and clients over HTTP leave the tool out",
        "mark a string, an integer or a boolean that is an argument or a field of one",
        SPEC,
    ),
    Rule::error("repeated-mcp-header", Check::Whole(checks::repeated_header)).says(
        "and clients over HTTP leave the tool out",
        "give each `x-mcp-header` a name of its own, whatever the case of its letters",
        SPEC,
    ),
    MALFORMED.on(Side::Both),
    UNRESOLVED.on(Side::Both),
    TOO_DEEP.on(Side::Both),
    TOO_LARGE.on(Side::Both),
    Rule::warning("boolean-schema", Check::Node(checks::boolean_schema)).on(Side::Both).says(
        "which some clients take for no schema",
        "write `{}` for anything and `{\"not\": {}}` for nothing",
        TRIED,
    ),
    Rule::warning("output-not-object", Check::Node(checks::root_no_object)).on(Side::Output).says(
        "and clients of before 2026-07-28 refuse the list of tools unless a bridge wraps it",
        "return a struct",
        TRIED,
    ),
    Rule::warning("format", Check::Node(|node| checks::format_but(node, keywords::FORMATS)))
        .on(Side::Both)
        .says(
            "which JSON Schema does not know: Ajv warns of each",
            "leave `format` out of the type's own `JsonSchema`",
            "https://github.com/apollographql/apollo-mcp-server/issues/245",
        ),
    Rule::warning("list-of-unknown", Check::Node(checks::list_of_unknown)).says(
        "and Gemini refuses the request",
        "use `Vec<T>`",
        "https://github.com/googleapis/python-genai, types.py",
    ),
    Rule::warning("untyped", Check::Node(checks::untyped)).says(
        "and a model has to guess what is meant",
        "take a type that says more than `serde_json::Value`",
        TRIED,
    ),
    Rule::warning("empty-enum", Check::Node(checks::no_values)).says(
        "so that no value fits",
        "give the enum a variant",
        super::SPEC,
    ),
    Rule::warning(
        "parameter-name",
        Check::Node(|node| names::no_identifier(node.property()?, names::word, 64)),
    )
    .says(
        "which Anthropic or Gemini refuses",
        "rename it with `#[arg(rename = \"..\")]` or `#[serde(rename = \"..\")]`, to letters, digits and `_`",
        "https://github.com/ComposioHQ/composio/pull/3067",
    ),
    Rule::warning(
        "tool-description",
        Check::Description(|text| text.trim().is_empty().then(|| "it is empty".into())),
    )
    .says("and a model has only the name to go by", "write a doc comment on the function", SPEC),
    Rule::warning("parameter-description", Check::Node(checks::undescribed)).says(
        "and a model has only its name to go by",
        "write a doc comment on it",
        SPEC,
    ),
];
