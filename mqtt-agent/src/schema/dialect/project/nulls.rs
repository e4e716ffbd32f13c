//! Arguments from a model that had to write `null` for properties that it left out.

use serde_json::Value;

use crate::schema::dialect::reference;

/// How many schemas are looked at; what a larger value holds beyond stays as it is.
const MOST: usize = 100_000;

/// How deep.
const DEEPEST: usize = 250;

/// Removes each `null` from `arguments` whose property is optional and cannot be `null` by `schema`, the schema on the
/// card. For the arguments of a model that got the schema of [`openai_strict`](super::openai_strict).
///
/// Among alternatives, the first one is used that has all names of the object and whose single values fit.
///
/// ```
/// use mqtt_agent::schema::dialect;
/// use serde_json::json;
///
/// let card = json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}});
/// let mut arguments = json!({"city": "Oslo", "days": null});
/// dialect::drop_nulls(&card, &mut arguments);
/// assert_eq!(arguments, json!({"city": "Oslo"}));
/// ```
pub fn drop_nulls(schema: &Value, arguments: &mut Value) {
    Dropping { root: schema, left: MOST }.within(schema, arguments, 0);
}

struct Dropping<'a> {
    root: &'a Value,
    left: usize,
}

impl Dropping<'_> {
    fn goes_on(&mut self, depth: usize) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0 && depth <= DEEPEST
    }

    fn within(&mut self, schema: &Value, value: &mut Value, depth: usize) {
        let root = self.root;
        let schema = resolved(root, schema);
        if !self.goes_on(depth) || !matches!(value, Value::Object(_) | Value::Array(_)) {
            return;
        }
        let meant = alternatives(schema).find(|one| knows(resolved(root, one), value));
        if let Some(alternative) = meant.filter(|one| !std::ptr::eq(resolved(root, one), schema)) {
            self.within(alternative, value, depth + 1);
        }
        match value {
            Value::Object(fields) => {
                let Some(Value::Object(properties)) = schema.get("properties") else { return };
                let required = schema.get("required").and_then(Value::as_array);
                let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
                fields.retain(|name, field| {
                    let Some(property) = properties.get(name) else { return true };
                    !field.is_null() || is_required(name) || self.takes_null(property, depth)
                });
                for (name, field) in fields {
                    if let Some(property) = properties.get(name) {
                        self.within(property, field, depth + 1);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    items.iter_mut().for_each(|item| self.within(schema, item, depth + 1));
                }
            }
            _ => {}
        }
    }

    fn takes_null(&mut self, schema: &Value, depth: usize) -> bool {
        let schema = resolved(self.root, schema);
        let Value::Object(keywords) = schema else { return *schema == Value::Bool(true) };
        if !self.goes_on(depth) {
            return true;
        }
        let typed = keywords.get("type").map(|types| match types {
            Value::Array(names) => names.iter().any(|name| name == "null"),
            name => name == "null",
        });
        let listed = keywords.get("enum").and_then(Value::as_array).map(|all| all.contains(&Value::Null));
        let constant = keywords.get("const").map(Value::is_null);
        let mut others = alternatives(schema).peekable();
        let composed = others.peek().is_some().then(|| others.any(|one| self.takes_null(one, depth + 1)));
        // What says nothing of `null` takes it.
        [typed, listed, constant, composed].into_iter().flatten().all(|takes| takes)
    }
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..8 {
        let reference = schema.get("$ref").and_then(Value::as_str);
        match reference.and_then(|reference| reference::target(root, reference)) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten()
}

/// Whether an object, or each object in a list, may be what this alternative means.
fn knows(schema: &Value, value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            let Some(Value::Object(properties)) = schema.get("properties") else { return false };
            fields.iter().all(|(name, value)| properties.get(name).is_some_and(|one| may_be(one, value)))
        }
        Value::Array(_) => schema.get("items").is_some(),
        _ => false,
    }
}

fn may_be(property: &Value, value: &Value) -> bool {
    let constant = property.get("const").is_none_or(|constant| constant == value);
    let listed = property
        .get("enum")
        .and_then(Value::as_array)
        .is_none_or(|all| all.contains(value) || value.is_null());
    constant && listed
}
