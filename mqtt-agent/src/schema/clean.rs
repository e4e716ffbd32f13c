//! Cleans a schema for the card.

use serde_json::{Map, Value, json};

use super::bounds::bound;
use super::dialect::steps::{any_of, listed_constant, reference_alone};
use super::keywords::{self, Holds};

/// For whom a schema is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// The arguments as a model and its provider read them: no `null` where leaving out says the same, and words that
    /// all providers know.
    Model,
    /// Arguments as they are checked, and results as clients check them: `null` is taken wherever the type takes it.
    ///
    /// It is what schemars says of the type, and less than serde takes: no aliases, no tags that `#[serde(other)]` would
    /// catch, and no item of a set twice. A caller is held to what the card says.
    Validator,
}

/// Cleans a schema in place.
pub(super) fn clean(schema: &mut Value, reader: Reader) {
    match schema {
        // Some clients take `true` for no schema at all, and then refuse the whole list of tools.
        Value::Bool(true) => *schema = json!({}),
        Value::Bool(false) => *schema = json!({"not": {}}),
        Value::Object(keywords) => clean_object(keywords, reader),
        _ => {}
    }
}

fn clean_object(schema: &mut Map<String, Value>, reader: Reader) {
    schema.remove("$schema");
    // A property may be called `title`; a keyword `title` is a string.
    if schema.get("title").is_some_and(Value::is_string) {
        schema.remove("title");
    }
    // Of Rust's numbers, schemars makes formats that JSON Schema does not know, and clients warn of each.
    let format = schema.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| !keywords::FORMATS.contains(&format)) {
        bound(schema);
        schema.remove("format");
    }
    if reader == Reader::Model {
        drop_nulls_of_properties(schema);
    }
    for (keyword, value) in schema.iter_mut() {
        let keyword = keyword.as_str();
        match (keywords::holds(keyword), value) {
            (Holds::Named, Value::Object(named)) => {
                named.values_mut().for_each(|schema| clean(schema, reader));
            }
            (Holds::List, Value::Array(list)) => {
                list.iter_mut().for_each(|schema| clean(schema, reader));
            }
            // Here `true` and `false` are plain words that everybody knows; of items, `false` is one, too.
            (_, Value::Bool(_)) if keywords::is_closing(keyword) => {}
            (_, Value::Bool(false)) if keyword == "items" => {}
            (Holds::One, one) => clean(one, reader),
            _ => {}
        }
    }
    fold_constants(schema);
    if reader == Reader::Model {
        listed_constant(schema);
        any_of(schema);
        reference_alone(schema);
    }
}

/// A property that may be left out needs no `null` beside its type. Anywhere else `null` is a value of its own.
fn drop_nulls_of_properties(schema: &mut Map<String, Value>) {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, property) in properties {
        let is_required = required.iter().any(|required| required == name.as_str());
        if let (false, Some(property)) = (is_required, property.as_object_mut()) {
            drop_null(property);
        }
    }
}

/// `Option<T>` as schemars writes it: `null` among the types, the alternatives or the values.
fn drop_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [single] = types.as_slice() {
            let single = single.clone();
            schema.insert("type".to_owned(), single);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && values.len() > 1
    {
        values.retain(|value| !value.is_null());
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(alternatives)) = schema.get_mut(keyword) else { continue };
        let null = json!({"type": "null"});
        let without: Vec<_> =
            alternatives.iter().filter(|alternative| **alternative != null).cloned().collect();
        if without.is_empty() || without.len() == alternatives.len() {
            continue;
        }
        *alternatives = without;
        if let [Value::Object(single)] = alternatives.as_slice() {
            let single = single.clone();
            schema.remove(keyword);
            for (name, value) in single {
                // What is said of the property, as its description, wins over what is said of its type.
                schema.entry(name).or_insert(value);
            }
            // The alternative may be a union itself.
            drop_null(schema);
        }
    }
}

/// An enum whose variants are documented is a `oneOf` of `const`s, which many providers refuse: it becomes an `enum`,
/// and the variants' descriptions go into its own.
fn fold_constants(schema: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = schema.get("oneOf") else { return };
    let constants = || alternatives.iter().map(constant);
    let Some(folded) = constants().collect::<Option<Vec<_>>>() else { return };
    if folded.is_empty() {
        return;
    }
    let mut values = Vec::new();
    let mut descriptions = Vec::new();
    let mut kinds = Vec::new();
    for Constant { mut names, kind, description } in folded {
        if let Some(description) = description {
            let names: Vec<_> =
                names.iter().map(|name| format!("`{}`", name.as_str().unwrap_or_default())).collect();
            descriptions.push(format!("{}: {description}", names.join(", ")));
        }
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
        values.append(&mut names);
    }
    schema.remove("oneOf");
    if let [Some(kind)] = kinds.as_slice() {
        schema.insert("type".to_owned(), kind.clone());
    }
    schema.insert("enum".to_owned(), Value::Array(values));
    if !descriptions.is_empty() {
        let own = schema.get("description").and_then(Value::as_str).map(|own| format!("{own} "));
        let text = format!("{}{}", own.unwrap_or_default(), descriptions.join("; "));
        schema.insert("description".to_owned(), Value::String(text));
    }
}

struct Constant {
    names: Vec<Value>,
    kind: Option<Value>,
    description: Option<String>,
}

/// `{"const": "a", "type": "string", "description": ".."}`, or several undocumented ones in an `enum`.
fn constant(schema: &Value) -> Option<Constant> {
    let keywords = schema.as_object()?;
    if keywords.keys().any(|key| !matches!(key.as_str(), "const" | "enum" | "type" | "description")) {
        return None;
    }
    let names = match (keywords.get("const"), keywords.get("enum")) {
        (Some(name), None) => vec![name.clone()],
        (None, Some(Value::Array(names))) => names.clone(),
        _ => return None,
    };
    if !names.iter().all(Value::is_string) {
        return None;
    }
    let description = keywords.get("description").and_then(Value::as_str).map(str::to_owned);
    Some(Constant { names, kind: keywords.get("type").cloned(), description })
}
