//! The tools whose schemas are given word by word.

use mqtt_agent::DynamicTool;
use serde_json::{Value, json};

fn tool(name: &str, description: &str, schema: Value) -> DynamicTool {
    let same = |arguments, _| async { Ok::<_, String>(Value::Object(arguments)) };
    DynamicTool::new(name, description, schema, same).expect("a tool that can be served")
}

/// The keywords of JSON Schema 2020-12 have to reach hosts as they are. The suite's own schema also has `allOf` at its root,
/// which no agent serves: providers of models refuse the whole request for it.
pub(crate) fn json_schema_2020_12() -> DynamicTool {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}}
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"}
        },
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false
    });
    tool("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", schema)
}

/// Hosts have to send its argument as a header too.
pub(crate) fn with_header() -> DynamicTool {
    let schema = json!({
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
        "required": ["region"],
        "additionalProperties": false
    });
    tool("test_mirrored_header", "Says where it was called.", schema)
}
