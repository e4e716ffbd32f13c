//! Command lines that may be typed.

use serde_json::Value;

use crate::property::{Property, plain};
use crate::schema::Kind;

/// A command with what its tool or skill needs, and what the schema has an example of.
pub(crate) fn line(command: &str, properties: &[Property]) -> String {
    let shown = |one: &&Property| (one.required || one.has_example) && !one.example.is_null();
    let mut words = vec![command.to_owned()];
    words.extend(properties.iter().filter(shown).flat_map(options));
    words.join(" ")
}

/// An option with a value that may be given; where no example is known, with what it takes.
pub(crate) fn option(property: &Property) -> String {
    if property.example.is_null() {
        let value = if property.kind == Kind::Boolean { "" } else { property.kind.value_name() };
        return format!("--{} {value}", property.long).trim_end().to_owned();
    }
    options(property).into_iter().next().unwrap_or_else(|| format!("--{} '[]'", property.long))
}

/// An option with a value that was given.
pub(crate) fn with(property: &Property, value: &str) -> String {
    let long = &property.long;
    match property.kind {
        Kind::Boolean if value == "true" => format!("--{long}"),
        Kind::Boolean => format!("--{long}={}", quoted(value)),
        _ if value.starts_with('-') => format!("--{long}={}", quoted(value)),
        _ => format!("--{long} {}", quoted(value)),
    }
}

/// A list has an option for each item.
fn options(property: &Property) -> Vec<String> {
    let values = match (&property.kind, &property.example) {
        (Kind::List(_), Value::Array(items)) => items.iter().map(plain).collect(),
        (_, value) => vec![plain(value)],
    };
    values.iter().map(|value| with(property, value)).collect()
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let simple = |char: char| char.is_ascii_alphanumeric() || "-_./:@,+%".contains(char);
    if !word.is_empty() && word.chars().all(simple) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
