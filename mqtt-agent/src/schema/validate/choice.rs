//! Finds what distinguishes the alternatives of an enum: serde writes a tag or the variant's name into each.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::plan::{Alternative, Alternatives, Choice, Id};
use super::types::Types;

/// Alternatives with what can be known of them beforehand. `schemas` are those of the nodes, behind their references.
pub(super) fn alternatives(nodes: Vec<Id>, schemas: &[&Value]) -> Alternatives {
    let types = schemas.iter().map(|schema| possible(schema)).chain(std::iter::repeat(Types::ANY));
    let all: Vec<_> = nodes.into_iter().zip(types).map(|(node, types)| Alternative { node, types }).collect();
    let objects: Vec<_> = all
        .iter()
        .zip(schemas)
        .filter(|(alternative, _)| alternative.types.meet(Types::OBJECT))
        .map(|(alternative, schema)| (alternative.node, *schema))
        .collect();
    let choice = if objects.len() < 2 {
        None
    } else {
        tag(&objects).or_else(|| key(&objects)).or_else(|| member(&objects))
    };
    Alternatives { all, choice }
}

/// The types that a schema can let in.
fn possible(schema: &Value) -> Types {
    let keywords = match schema {
        Value::Bool(false) => return Types::NONE,
        Value::Object(keywords) => keywords,
        _ => return Types::ANY,
    };
    // One with a name that is none was refused.
    let mut types = keywords.get("type").and_then(Types::read).unwrap_or(Types::ANY);
    if let Some(constant) = keywords.get("const") {
        types = types.and(Types::of(constant));
    }
    if let Some(Value::Array(values)) = keywords.get("enum") {
        types = types.and(values.iter().map(Types::of).fold(Types::NONE, Types::with));
    }
    types
}

/// A member that all require, with another text in each.
fn tag(objects: &[(Id, &Value)]) -> Option<Choice> {
    let (_, first) = objects.first()?;
    let names = first.get("properties")?.as_object()?.keys();
    names.filter(|name| objects.iter().all(|(_, schema)| requires(schema, name))).find_map(|name| {
        let mut values = HashMap::with_capacity(objects.len());
        for (node, schema) in objects {
            let text = constant(schema.get("properties")?.get(name)?)?;
            if values.insert(text.to_owned(), *node).is_some() {
                return None;
            }
        }
        Some(Choice::Tag { name: name.clone(), values })
    })
}

/// The only member that each lets in.
fn key(objects: &[(Id, &Value)]) -> Option<Choice> {
    let mut names = HashMap::with_capacity(objects.len());
    for (node, schema) in objects {
        let mut properties = schema.get("properties")?.as_object()?.keys();
        let name = properties.next()?;
        let is_only = properties.next().is_none()
            && schema.get("additionalProperties") == Some(&Value::Bool(false))
            && schema.get("patternProperties").is_none()
            && requires(schema, name);
        if !is_only || names.insert(name.clone(), *node).is_some() {
            return None;
        }
    }
    Some(Choice::Key(names))
}

/// A member that each requires and no other does, as a flattened enum has it.
fn member(objects: &[(Id, &Value)]) -> Option<Choice> {
    let required = |schema: &'_ Value| -> Vec<String> {
        let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut counts: HashMap<String, usize> = HashMap::new();
    for name in objects.iter().flat_map(|(_, schema)| required(schema).into_iter().collect::<HashSet<_>>()) {
        *counts.entry(name).or_default() += 1;
    }
    let own = |(node, schema): &(Id, &Value)| {
        required(schema).into_iter().find(|name| counts.get(name) == Some(&1)).map(|name| (name, *node))
    };
    objects.iter().map(own).collect::<Option<_>>().map(Choice::Member)
}

fn requires(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|required| required == name))
}

/// The only text that a schema lets in.
fn constant(schema: &Value) -> Option<&str> {
    let keywords: &Map<String, Value> = schema.as_object()?;
    match (keywords.get("const"), keywords.get("enum")) {
        (Some(Value::String(text)), _) => Some(text),
        (None, Some(Value::Array(values))) => match values.as_slice() {
            [Value::String(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
