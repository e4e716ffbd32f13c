//! Wraps results that are not objects, for hosts before 2026-07-28, which refuse the whole list of tools if one
//! `outputSchema` is not an object. The result becomes `{"result": ..}`, and its schema changes accordingly.

use serde_json::{Map, Value, json};

/// The property that holds the result.
pub(super) const RESULT: &str = "result";

/// Where the wrapped schema is.
const PLACE: &str = "/properties/result";

/// How deep schemas are nested that are looked into; the check of cards refuses deeper ones.
const DEEPEST: usize = 128;

/// Whether every MCP host takes it as the schema of a result.
pub(super) fn is_object(schema: &Map<String, Value>) -> bool {
    schema.get("type").is_some_and(|kind| kind == "object")
}

/// The schema of `{"result": ..}`.
pub(super) fn schema(inner: &Map<String, Value>) -> Map<String, Value> {
    let (inner, mut outer) = moved(inner, PLACE);
    outer.insert("type".to_owned(), json!("object"));
    outer.insert("properties".to_owned(), json!({ RESULT: inner }));
    outer.insert("required".to_owned(), json!([RESULT]));
    outer
}

/// The schema of what is either this or something else.
pub(super) fn or(schema: &Map<String, Value>, other: &Value) -> Map<String, Value> {
    let (schema, mut outer) = moved(schema, "/anyOf/0");
    if is_object(&schema) {
        outer.insert("type".to_owned(), json!("object"));
    }
    outer.insert("anyOf".to_owned(), json!([schema, other]));
    outer
}

/// A schema as it is at another place, and the beginning of the one around it. Local references lead to where the parts
/// are now.
fn moved(schema: &Map<String, Value>, place: &str) -> (Map<String, Value>, Map<String, Value>) {
    let (mut schema, mut outer) = (schema.clone(), Map::new());
    if let Some(dialect) = schema.remove("$schema") {
        outer.insert("$schema".to_owned(), dialect);
    }
    // Within a resource of its own, references start from there.
    if !schema.contains_key("$id") {
        for (keyword, value) in &mut schema {
            redirect(keyword, value, place, DEEPEST);
        }
    }
    (schema, outer)
}

/// The result as that schema says.
pub(super) fn value(result: Value) -> Value {
    json!({ RESULT: result })
}

fn redirect(keyword: &str, value: &mut Value, place: &str, levels: usize) {
    // What these hold is no schema, whatever it looks like.
    let is_data = matches!(keyword, "const" | "enum" | "default" | "examples" | "example");
    let Some(levels) = levels.checked_sub(1).filter(|_| !is_data) else { return };
    match value {
        Value::String(reference) if matches!(keyword, "$ref" | "$dynamicRef") => {
            if let Some(rest) = reference.strip_prefix('#')
                && (rest.is_empty() || rest.starts_with('/'))
            {
                *reference = format!("#{place}{rest}");
            }
        }
        // Names of properties are no keywords.
        Value::Object(named)
            if matches!(
                keyword,
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
            ) =>
        {
            named.values_mut().for_each(|schema| redirect("", schema, place, levels));
        }
        Value::Object(schema) if !schema.contains_key("$id") => {
            schema.iter_mut().for_each(|(keyword, value)| redirect(keyword, value, place, levels));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| redirect("", value, place, levels)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(inner: Value) -> Value {
        Value::Object(schema(inner.as_object().unwrap()))
    }

    #[test]
    fn the_result_is_one_property_that_is_always_there() {
        assert_eq!(
            wrapped(json!({"type": "string", "$schema": "https://json-schema.org/draft/2020-12/schema"})),
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {"result": {"type": "string"}},
                "required": ["result"],
            })
        );
    }

    /// What fits the schema fits it wrapped, and nothing else does: checked with a validator of another make.
    #[test]
    fn references_lead_to_the_same_parts() {
        let inner = json!({
            "anyOf": [{"$ref": "#/$defs/leaf"}, {"type": "array", "items": {"$ref": "#"}}],
            "$defs": {"leaf": {"type": "object", "properties": {"$ref": {"type": "integer"}}, "required": ["$ref"]}},
            "default": {"$ref": "#/nowhere"},
        });
        let wrapped = wrapped(inner.clone());
        assert_eq!(wrapped["properties"]["result"]["default"], json!({"$ref": "#/nowhere"}));
        let (plain, wrapped) =
            (jsonschema::validator_for(&inner).unwrap(), jsonschema::validator_for(&wrapped).unwrap());
        for result in
            [json!({"$ref": 7}), json!([[{"$ref": 7}], []]), json!({"$ref": "x"}), json!([[7]]), json!(7)]
        {
            assert_eq!(plain.is_valid(&result), wrapped.is_valid(&value(result.clone())), "{result}");
        }
    }
}
