//! The projection for OpenAI's strict mode.

use serde_json::{Map, Value, json};

use super::steps;
use crate::schema::dialect::checks::is_object;

/// The formats of strict mode.
pub(in crate::schema::dialect) const FORMATS: &[&str] =
    &["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"];

/// What strict mode refuses and no rewriting can express.
pub(in crate::schema::dialect) const REFUSED: &[&str] = &[
    "$dynamicRef",
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

/// What strict mode takes, and what has a rule of its own.
pub(in crate::schema::dialect) const KEYWORDS: &[&str] = &[
    "$defs",
    "$dynamicRef",
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
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "title",
    "type",
];

pub(super) fn rewrite(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    steps::reference_alone(schema);
    steps::any_of(schema);
    steps::items(schema);
    steps::typed_values(schema);
    steps::children(schema, &mut |child, _| rewrite(child));
    if is_object(schema) {
        close(schema);
    }
    steps::tell_format(schema, FORMATS);
    steps::tell_others(schema, KEYWORDS);
}

/// No other properties, and all that there are required.
fn close(object: &mut Map<String, Value>) {
    object.entry("additionalProperties").or_insert(Value::Bool(false));
    let mut required = match object.remove("required") {
        Some(Value::Array(names)) => names,
        _ => Vec::new(),
    };
    if let Value::Object(properties) = object.entry("properties").or_insert_with(|| json!({})) {
        required.retain(|name| name.as_str().is_some_and(|name| properties.contains_key(name)));
        for (name, property) in properties {
            if !required.iter().any(|one| one == name.as_str()) {
                required.push(json!(name));
                if let Value::Object(property) = property {
                    take_null(property);
                }
            }
        }
    }
    object.insert("required".to_owned(), Value::Array(required));
}

/// Lets `null` stand for what may be left out.
fn take_null(schema: &mut Map<String, Value>) {
    if takes_null(schema) {
        return;
    }
    let plain = |name: &str| !matches!(name, "object" | "array");
    let types = match schema.get("type") {
        Some(Value::String(name)) if plain(name) => vec![json!(name)],
        Some(Value::Array(names)) if names.iter().filter_map(Value::as_str).all(plain) => names.clone(),
        _ => Vec::new(),
    };
    if types.is_empty() || schema.contains_key("anyOf") {
        return alternative_null(schema);
    }
    steps::listed_constant(schema);
    let null = json!("null");
    let others = types.into_iter().filter(|name| *name != null);
    let types: Vec<_> = others.chain([null.clone()]).collect();
    schema.insert("type".to_owned(), Value::Array(types));
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

fn alternative_null(schema: &mut Map<String, Value>) {
    let null = json!({"type": "null"});
    let description = schema.remove("description");
    let only = schema.len() == 1;
    if let (true, Some(Value::Array(alternatives))) = (only, schema.get_mut("anyOf")) {
        alternatives.push(null);
    } else {
        let value = Value::Object(std::mem::take(schema));
        schema.insert("anyOf".to_owned(), Value::Array(vec![value, null]));
    }
    if let Some(description) = description {
        schema.insert("description".to_owned(), description);
    }
}

/// Whether `null` fits already. References are not followed: one `null` more does no harm.
fn takes_null(schema: &Map<String, Value>) -> bool {
    let typed = match schema.get("type") {
        None => None,
        Some(Value::Array(names)) => Some(names.iter().any(|name| name == "null")),
        Some(name) => Some(name == "null"),
    };
    let listed = match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(values)), _) => Some(values.contains(&Value::Null)),
        (_, Some(value)) => Some(value.is_null()),
        _ => None,
    };
    let alternative = match schema.get("anyOf") {
        Some(Value::Array(all)) => Some(all.iter().filter_map(Value::as_object).any(takes_null)),
        _ => None,
    };
    let says = [typed, listed, alternative];
    says.iter().any(Option::is_some) && says.iter().flatten().all(|takes| *takes)
}
