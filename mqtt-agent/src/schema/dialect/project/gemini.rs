//! The projection for Gemini's function declarations.

use serde_json::{Map, Value, json};

use super::inline::inline;
use super::steps::{self, Of, kind};

/// The formats of Gemini's `Schema`.
pub(in crate::schema::dialect) const FORMATS: &[&str] =
    &["date-time", "double", "enum", "float", "int32", "int64"];

/// What Gemini refuses and no rewriting can express.
pub(in crate::schema::dialect) const REFUSED: &[&str] = &[
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "not",
    "patternProperties",
    "propertyNames",
    "then",
];

/// What Gemini takes, and what has a rule of its own.
pub(in crate::schema::dialect) const KEYWORDS: &[&str] = &[
    "$defs",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "definitions",
    "dependentRequired",
    "dependentSchemas",
    "description",
    "else",
    "enum",
    "format",
    "if",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "not",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "propertyOrdering",
    "required",
    "then",
    "title",
    "type",
];

pub(super) fn rewrite(schema: &mut Value) {
    inline(schema);
    rewrite_within(schema);
}

fn rewrite_within(schema: &mut Value) {
    if *schema == Value::Bool(true) {
        *schema = json!({});
    }
    let Value::Object(schema) = schema else { return };
    steps::reference_alone(schema);
    steps::any_of(schema);
    steps::items(schema);
    steps::listed_constant(schema);
    steps::typed_values(schema);
    steps::children(schema, &mut |child, of| {
        if of != Of::Closing || child.is_object() {
            rewrite_within(child);
        }
    });
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
    steps::tell_format(schema, FORMATS);
    steps::tell_others(schema, KEYWORDS);
    split_types(schema);
}

/// One alternative for each type of a list of them.
fn split_types(schema: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = schema.get("type") else { return };
    if schema.contains_key("anyOf") || schema.contains_key("$ref") {
        return;
    }
    let branches: Vec<_> =
        types.iter().filter_map(Value::as_str).filter_map(|name| branch(schema, name)).collect();
    if branches.is_empty() {
        return;
    }
    let outside = |keyword: &str| matches!(keyword, "description" | "title" | "$defs" | "definitions");
    schema.retain(|keyword, _| outside(keyword));
    match <[_; 1]>::try_from(branches) {
        Ok([only]) => schema.extend(only),
        Err(several) => {
            schema.insert("anyOf".to_owned(), several.into_iter().map(Value::Object).collect());
        }
    }
}

/// What the schema says of one of its types; `None` if none of its values is of it.
fn branch(schema: &Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    let mut branch = Map::from_iter([("type".to_owned(), json!(name))]);
    for (keyword, value) in schema {
        let belongs = match keyword.as_str() {
            "properties" | "required" | "additionalProperties" | "propertyOrdering" => name == "object",
            "items" | "prefixItems" | "minItems" | "maxItems" => name == "array",
            "minimum" | "maximum" => matches!(name, "integer" | "number"),
            "format" => !matches!(name, "null" | "boolean" | "object" | "array"),
            _ => false,
        };
        if belongs {
            branch.insert(keyword.clone(), value.clone());
        }
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        let fits = |value: &&Value| kind(value) == name || (name == "number" && value.is_number());
        let values: Vec<_> = values.iter().filter(fits).cloned().collect();
        if values.is_empty() {
            return None;
        }
        if name != "null" {
            branch.insert("enum".to_owned(), Value::Array(values));
        }
    }
    Some(branch)
}
