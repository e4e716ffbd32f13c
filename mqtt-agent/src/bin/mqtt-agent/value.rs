//! What the text of an option stands for.

use serde_json::Value;

use crate::example::option;
use crate::exit::Failure;
use crate::property::Property;
use crate::schema::Kind;

/// The most of a wrong text that is told back, in characters.
const EXCERPT: usize = 60;

/// The value that was given, perhaps in several parts; `None` where nothing was.
pub(crate) fn read(property: &Property, given: &[&String]) -> Result<Option<Value>, Failure> {
    match (&property.kind, given.last()) {
        (_, None) => Ok(None),
        (Kind::List(item), _) => list(property, item, given).map(Some),
        // What was said later counts.
        (kind, Some(text)) => one(property, kind, text).map(Some),
    }
}

/// Each part is an item, or a list of items.
fn list(property: &Property, item: &Kind, given: &[&String]) -> Result<Value, Failure> {
    let mut items = Vec::new();
    for text in given {
        match several(item, text) {
            Some(several) => items.extend(several),
            None => items.push(one(property, item, text)?),
        }
    }
    Ok(items.into())
}

/// The items of a list in JSON. A text stays one item if what is in its brackets is no text.
fn several(item: &Kind, text: &str) -> Option<Vec<Value>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let items: Vec<Value> = serde_json::from_str(text).ok()?;
    let are_items = match item {
        Kind::Text | Kind::List(_) => items.iter().all(|value| is(item, value)),
        _ => true,
    };
    are_items.then_some(items)
}

fn is(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Text => value.is_string(),
        Kind::List(item) => value.as_array().is_some_and(|items| items.iter().all(|value| is(item, value))),
        Kind::Number => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Object => value.is_object(),
        Kind::Any => true,
    }
}

fn one(property: &Property, kind: &Kind, text: &str) -> Result<Value, Failure> {
    let parsed = || serde_json::from_str::<Value>(text).ok();
    let value = match kind {
        Kind::Text => Some(text.into()),
        Kind::Any => Some(parsed().unwrap_or_else(|| text.into())),
        Kind::Boolean => text.parse().map(Value::Bool).ok(),
        Kind::Number => parsed().filter(Value::is_number),
        Kind::Object => parsed().filter(|value| value.is_object() || value.is_null()),
        Kind::List(_) => parsed().filter(Value::is_array),
    };
    value.ok_or_else(|| expected(property, kind, text))
}

fn expected(property: &Property, kind: &Kind, text: &str) -> Failure {
    let (what, not) = match kind {
        Kind::Number => ("a number", "not one"),
        Kind::Boolean => ("`true` or `false`", "neither"),
        Kind::List(_) => ("a list in JSON", "not one"),
        _ => ("a JSON object", "not one"),
    };
    let each = if matches!(property.kind, Kind::List(_)) { " for each item" } else { "" };
    let mut excerpt: String = text.chars().take(EXCERPT).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    Failure::usage(format!(
        "`--{}` takes {what}{each}, and `{excerpt}` is {not}; write, for example, `{}`",
        property.long,
        option(property)
    ))
}
