//! The steps that projections share. Each step is idempotent.

use serde_json::{Map, Value, json};

use crate::schema::dialect::checks::uniform_items;
use crate::schema::keywords::{self, Holds};

/// Keywords that say nothing to a provider and nothing to a model.
const SILENT: &[&str] = &["$anchor", "$comment", "$id", "$schema", "unevaluatedProperties"];

/// The longest value that is told in a description, in bytes.
const LONGEST: usize = 200;

/// What a schema is to the one that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// One of `allOf`.
    Part,
    /// One of `anyOf` or `oneOf`.
    Alternative,
    /// What other properties or items may be.
    Closing,
    Other,
}

/// Calls `rewrite` on every schema that is directly in this one.
pub(super) fn children(schema: &mut Map<String, Value>, rewrite: &mut dyn FnMut(&mut Value, Of)) {
    for (keyword, value) in schema {
        match (keywords::holds(keyword), value) {
            (Holds::Named, Value::Object(named)) => {
                named.values_mut().for_each(|schema| rewrite(schema, Of::Other));
            }
            (Holds::List, Value::Array(list)) => {
                let of = match keyword.as_str() {
                    "allOf" => Of::Part,
                    "prefixItems" => Of::Other,
                    _ => Of::Alternative,
                };
                list.iter_mut().for_each(|schema| rewrite(schema, of));
            }
            (Holds::One, schema) => {
                let closing = keywords::is_closing(keyword);
                rewrite(schema, if closing { Of::Closing } else { Of::Other });
            }
            _ => {}
        }
    }
}

/// A reference that stands alone: with others beside it, it becomes the only alternative.
pub(in crate::schema) fn reference_alone(schema: &mut Map<String, Value>) {
    if schema.len() > 1
        && !schema.contains_key("anyOf")
        && let Some(reference) = schema.remove("$ref")
    {
        schema.insert("anyOf".to_owned(), json!([{"$ref": reference}]));
    }
}

/// `anyOf` for `oneOf`: alternatives of one Rust type exclude each other anyway.
pub(in crate::schema) fn any_of(schema: &mut Map<String, Value>) {
    if !schema.contains_key("anyOf")
        && let Some(alternatives) = schema.remove("oneOf")
    {
        schema.insert("anyOf".to_owned(), alternatives);
    }
}

/// `enum` for `const`.
pub(in crate::schema) fn listed_constant(schema: &mut Map<String, Value>) {
    if !schema.contains_key("enum")
        && let Some(value) = schema.remove("const")
    {
        schema.insert("enum".to_owned(), json!([value]));
    }
}

/// `items` for `prefixItems` where all are the same.
pub(super) fn items(schema: &mut Map<String, Value>) {
    let Some(items) = uniform_items(schema).cloned() else { return };
    let places = schema.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
    schema.remove("prefixItems");
    if schema.insert("items".to_owned(), items) == Some(Value::Bool(false)) {
        schema.entry("maxItems").or_insert(json!(places));
    }
}

/// The type of values that are listed without one.
pub(super) fn typed_values(schema: &mut Map<String, Value>) {
    if schema.contains_key("type") {
        return;
    }
    let listed = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut types: Vec<&str> = Vec::new();
    for value in listed.iter().chain(schema.get("const")) {
        let name = kind(value);
        if !types.contains(&name) {
            types.push(name);
        }
    }
    let types = match types.as_slice() {
        [] => return,
        [only] => json!(only),
        several => json!(several),
    };
    schema.insert("type".to_owned(), types);
}

/// The JSON type of a value.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Moves a `format` that is none of these into the description.
pub(super) fn tell_format(schema: &mut Map<String, Value>, known: &[&str]) {
    let format = schema.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| !known.contains(&format)) {
        tell(schema, &["format".to_owned()]);
    }
}

/// Moves keywords that are none of these into the description.
pub(super) fn tell_others(schema: &mut Map<String, Value>, known: &[&str]) {
    let others = schema.keys().filter(|keyword| !known.contains(&keyword.as_str()));
    let others: Vec<_> = others.cloned().collect();
    tell(schema, &others);
}

/// Moves these keywords into the description.
pub(super) fn tell(schema: &mut Map<String, Value>, keywords: &[String]) {
    let mut told = Vec::new();
    for keyword in keywords {
        let Some(value) = schema.remove(keyword) else { continue };
        let text = match &value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        if !value.is_null() && !SILENT.contains(&keyword.as_str()) && text.len() <= LONGEST {
            told.push(format!("{keyword}: {text}"));
        }
    }
    if told.is_empty() {
        return;
    }
    let own = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let space = if own.is_empty() { "" } else { " " };
    let text = format!("{own}{space}({})", told.join(", "));
    schema.insert("description".to_owned(), Value::String(text));
}
