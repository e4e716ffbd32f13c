//! The rules' checks of one schema. Each returns what it found, for the message.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::names::shown;
use super::reference;
use super::walk::{self, Node, Place};
use crate::schema::keywords::{self, Holds};

const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

/// Something that is no JSON Schema in any dialect.
pub(super) fn malformed(node: &Node<'_>) -> Option<String> {
    let schema = match node.schema {
        Value::Object(schema) => schema,
        Value::Bool(_) => return None,
        _ => return Some("what is here is no schema".to_owned()),
    };
    let (keyword, _) = schema.iter().find(|(keyword, value)| !is_well_formed(keyword, value))?;
    Some(format!("`{}` is not what JSON Schema asks for", shown(keyword)))
}

fn is_well_formed(keyword: &str, value: &Value) -> bool {
    let is_type = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    let list = |value: &Value, each: fn(&Value) -> bool| {
        value.as_array().is_some_and(|items| items.iter().all(each))
    };
    match keyword {
        "type" => {
            is_type(value)
                || value.as_array().is_some_and(|types| !types.is_empty() && types.iter().all(is_type))
        }
        "required" => list(value, Value::is_string),
        "enum" => value.is_array(),
        "description" | "format" | "pattern" | "$ref" => value.is_string(),
        keyword => match keywords::holds(keyword) {
            Holds::Named => value.is_object(),
            Holds::List => value.as_array().is_some_and(|list| !list.is_empty()),
            Holds::One | Holds::Other => true,
        },
    }
}

pub(super) fn root_no_object(node: &Node<'_>) -> Option<String> {
    let object = node.get("type").is_some_and(|name| name == "object");
    (node.place == Place::Root && !object).then(|| "the root's `type` is not `object`".to_owned())
}

pub(super) fn root_composed(node: &Node<'_>) -> Option<String> {
    if node.place != Place::Root {
        return None;
    }
    keyword(node, COMPOSING).map(|found| format!("at the root {found}"))
}

/// A property that is `true` or `false`.
pub(super) fn boolean_property(node: &Node<'_>) -> Option<String> {
    let schema = node.schema.as_bool()?;
    matches!(node.place, Place::Property(_)).then(|| format!("the schema of a property is `{schema}`"))
}

/// Another schema that is `true` or `false`, where most say it in other words.
pub(super) fn boolean_schema(node: &Node<'_>) -> Option<String> {
    let schema = node.schema.as_bool()?;
    let usual = matches!(node.place, Place::Property(_) | Place::Closing);
    (!usual).then(|| format!("the schema is `{schema}`"))
}

/// The first of these keywords that is there.
pub(super) fn keyword(node: &Node<'_>, keywords: &[&str]) -> Option<String> {
    let found = keywords.iter().find(|keyword| node.get(keyword).is_some())?;
    Some(format!("there is `{found}`"))
}

/// A keyword that is none of these.
pub(super) fn keyword_but(node: &Node<'_>, known: &[&str]) -> Option<String> {
    let found = node.keywords()?.keys().find(|keyword| !known.contains(&keyword.as_str()))?;
    Some(format!("there is `{}`", shown(found)))
}

/// A reference that leads to nothing within the schema.
pub(super) fn unresolved(node: &Node<'_>) -> Option<String> {
    let reference = node.get("$ref")?.as_str()?;
    let missing = reference::target(node.root, reference).is_none();
    missing.then(|| format!("`$ref` is `{}`, which is nowhere in the schema", shown(reference)))
}

/// A reference with other keywords beside it.
pub(super) fn reference_siblings(node: &Node<'_>) -> Option<String> {
    let others = node.keywords()?;
    let sibling = others.keys().find(|keyword| *keyword != "$ref")?;
    others.contains_key("$ref").then(|| format!("beside `$ref` there is `{}`", shown(sibling)))
}

/// A `format` that is none of these.
pub(super) fn format_but(node: &Node<'_>, known: &[&str]) -> Option<String> {
    let format = node.get("format")?.as_str()?;
    (!known.contains(&format)).then(|| format!("`format` is `{}`", shown(format)))
}

/// A list that does not say what is in it.
pub(super) fn list_of_unknown(node: &Node<'_>) -> Option<String> {
    let says = node.get("items").is_some() || node.get("prefixItems").is_some();
    (has_type(node.keywords()?, "array") && !says).then(|| "a list has no `items`".to_owned())
}

/// A list whose items differ by their place.
pub(super) fn tuple(node: &Node<'_>) -> Option<String> {
    let schema = node.keywords()?;
    (schema.contains_key("prefixItems") && uniform_items(schema).is_none())
        .then(|| "a list has a schema for each place (`prefixItems`)".to_owned())
}

/// A list that could say it with `items`.
pub(super) fn uniform_tuple(node: &Node<'_>) -> Option<String> {
    uniform_items(node.keywords()?).map(|_| "a list has `prefixItems`".to_owned())
}

/// The one schema of all items, where they are listed by place and all the same.
pub(super) fn uniform_items(schema: &Map<String, Value>) -> Option<&Value> {
    let Some(Value::Array(places)) = schema.get("prefixItems") else { return None };
    let (first, rest) = places.split_first()?;
    let same = rest.iter().all(|item| item == first);
    let further = match schema.get("items") {
        Some(Value::Bool(false)) => true,
        Some(items) => items == first,
        // Further ones may be anything, unless there are none.
        None => {
            schema.get("maxItems").and_then(Value::as_u64).is_some_and(|most| most <= places.len() as u64)
        }
    };
    (same && further).then_some(first)
}

/// An object with known properties that may have others as well.
pub(super) fn open_object(node: &Node<'_>) -> Option<String> {
    let schema = node.keywords()?;
    let open = is_object(schema) && !is_closed(schema) && !is_map(schema, node.place == Place::Root);
    open.then(|| "an object has no `additionalProperties: false`".to_owned())
}

/// An object that says that it has no other properties.
pub(super) fn closed_object(node: &Node<'_>) -> Option<String> {
    is_closed(node.keywords()?).then(|| "an object has `additionalProperties: false`".to_owned())
}

/// An object whose properties have names that the schema does not know.
pub(super) fn map(node: &Node<'_>) -> Option<String> {
    let schema = node.keywords()?;
    let map = is_object(schema) && is_map(schema, node.place == Place::Root);
    map.then(|| "an object has properties of any name".to_owned())
}

pub(super) fn is_map(object: &Map<String, Value>, is_root: bool) -> bool {
    match object.get("additionalProperties").or_else(|| object.get("unevaluatedProperties")) {
        Some(Value::Bool(false)) => object.contains_key("patternProperties"),
        Some(_) => true,
        None => {
            let bare = !is_root && !object.contains_key("properties") && !is_composed(object);
            bare || object.contains_key("patternProperties")
        }
    }
}

pub(super) fn is_object(schema: &Map<String, Value>) -> bool {
    has_type(schema, "object") || schema.contains_key("properties")
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(false))
}

const COMPOSING: &[&str] = &["oneOf", "anyOf", "allOf"];

pub(super) fn is_composed(schema: &Map<String, Value>) -> bool {
    COMPOSING.iter().any(|keyword| schema.contains_key(*keyword))
}

/// An object that has properties of its own and those of an alternative: what `#[serde(flatten)]` makes of an enum.
pub(super) fn composed_object(node: &Node<'_>) -> Option<String> {
    let composed = is_object(node.keywords()?) && node.place != Place::Root;
    let found = composed.then(|| keyword(node, COMPOSING)).flatten()?;
    Some(format!("in an object {found}"))
}

/// The properties that are not required.
pub(super) fn optional<'a>(node: &Node<'a>) -> impl Iterator<Item = &'a str> {
    let required = node.get("required").and_then(Value::as_array);
    let is_required = move |name: &&str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let properties = node.get("properties").and_then(Value::as_object);
    let names = properties.into_iter().flat_map(Map::keys).map(String::as_str);
    names.filter(move |name| !is_required(name))
}

pub(super) fn optional_property(node: &Node<'_>) -> Option<String> {
    let name = optional(node).next()?;
    Some(format!("the property `{}` is not required", shown(name)))
}

/// A schema that takes anything.
pub(super) fn untyped(node: &Node<'_>) -> Option<String> {
    const TELLING: &[&str] = &["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "not", "if"];
    let schema = node.keywords()?;
    let says = TELLING.iter().any(|keyword| schema.contains_key(*keyword));
    (node.place != Place::Root && !says).then(|| "the schema takes any value".to_owned())
}

/// Values without a type beside them.
pub(super) fn untyped_values(node: &Node<'_>) -> Option<String> {
    let listed = keyword(node, &["enum", "const"])?;
    node.get("type").is_none().then(|| format!("{listed} without a `type`"))
}

/// An `enum` that is empty.
pub(super) fn no_values(node: &Node<'_>) -> Option<String> {
    node.get("enum")?.as_array()?.is_empty().then(|| "`enum` is empty".to_owned())
}

/// Values of an `enum` or a `const` that do not fit.
pub(super) fn value_but(node: &Node<'_>, fits: fn(&Value) -> bool) -> Option<String> {
    let listed = node.get("enum").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let value = listed.iter().chain(node.get("const")).find(|value| !fits(value))?;
    let kind = match value {
        Value::Null => "`null`",
        Value::Bool(_) => "`true` or `false`",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Some(format!("among the values is {kind}"))
}

/// Several types in one `type`.
pub(super) fn several_types(node: &Node<'_>) -> Option<String> {
    node.get("type")?.is_array().then(|| "`type` is a list".to_owned())
}

/// An argument that says nothing of itself.
pub(super) fn undescribed(node: &Node<'_>) -> Option<String> {
    let described = node.get("description").is_some();
    (node.is_argument() && !described).then(|| "the argument has no description".to_owned())
}

/// `minItems` of two and more.
pub(super) fn least_items(node: &Node<'_>) -> Option<String> {
    let least = node.get("minItems")?;
    (least.as_u64().is_none_or(|least| least > 1)).then(|| format!("`minItems` is {least}"))
}

/// `x-mcp-header`, which copies an argument into an HTTP header.
pub(super) fn header(node: &Node<'_>) -> Option<String> {
    let header = node.get("x-mcp-header")?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let is_token = header.as_str().is_some_and(|text| !text.is_empty() && text.chars().all(token));
    let of_type = node.get("type").and_then(Value::as_str);
    if !is_token {
        Some("`x-mcp-header` is no name of an HTTP header".to_owned())
    } else if !matches!(of_type, Some("string" | "integer" | "boolean")) {
        Some("`x-mcp-header` is on something else than a string, an integer or a boolean".to_owned())
    } else if !node.is_plainly_reached() {
        Some("`x-mcp-header` is in a list, a reference or an alternative".to_owned())
    } else {
        None
    }
}

/// An `x-mcp-header` that two arguments are copied into.
pub(super) fn repeated_header(schema: &Value) -> Option<String> {
    let mut seen = HashSet::new();
    let mut repeated = None;
    walk::walk(schema, &mut |node| {
        if let Some(header) = node.get("x-mcp-header").and_then(Value::as_str)
            && !seen.insert(header.to_ascii_lowercase())
        {
            repeated = Some(format!("two arguments have the `x-mcp-header` `{}`", shown(header)));
        }
    });
    repeated
}

pub(super) fn has_type(schema: &Map<String, Value>, wanted: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == wanted,
        Some(Value::Array(names)) => names.iter().any(|name| name == wanted),
        _ => false,
    }
}
