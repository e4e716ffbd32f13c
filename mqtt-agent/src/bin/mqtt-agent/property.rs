//! The arguments of a tool or a skill that can be options, read from their schema.

use std::collections::HashSet;

use serde_json::Value;

use crate::options::Own;
use crate::output::printable;
use crate::sample::Maker;
use crate::schema::{CHOICES, HOPS, Kind, kind, resolved};

/// The longest help of an option, in characters.
const LONGEST: usize = 4096;

/// The help of all options together, in bytes; many may refer to the same text.
const ROOM: usize = 256 << 10;

/// An argument that can be given as an option.
#[derive(Debug)]
pub(crate) struct Property {
    /// As the schema has it.
    pub(crate) name: String,
    /// As the command line has it.
    pub(crate) long: String,
    pub(crate) kind: Kind,
    /// The description and what may be given, on one line.
    pub(crate) help: String,
    pub(crate) required: bool,
    /// A value that may be given.
    pub(crate) example: Value,
    /// Whether the schema gives the example itself.
    pub(crate) has_example: bool,
}

/// The arguments that can be options besides those of a command. Those whose names no option can have are left to JSON.
pub(crate) fn of(root: &Value, own: &Own) -> Vec<Property> {
    let schema = resolved(root, root);
    let required: HashSet<&str> = match schema.get("required").and_then(Value::as_array) {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => HashSet::new(),
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let mut taken = HashSet::new();
    let mut options = Vec::new();
    let (mut examples, mut room) = (Maker::new(root), ROOM);
    for (name, schema) in properties {
        let long = if own.has(name) { format!("arg-{name}") } else { name.clone() };
        let usable = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        if long.is_empty()
            || long.starts_with('-')
            || !long.chars().all(usable)
            || !taken.insert(long.clone())
        {
            continue;
        }
        let described = schema.get("description");
        let schema = resolved(root, schema);
        let described = described.or_else(|| schema.get("description")).and_then(Value::as_str);
        let (example, has_example) = examples.example(schema);
        let help = if room > 0 { help(described.unwrap_or_default(), schema) } else { String::new() };
        room = room.saturating_sub(help.len());
        options.push(Property {
            name: name.clone(),
            long,
            kind: kind(root, schema, HOPS),
            help,
            required: required.contains(name.as_str()),
            example,
            has_example,
        });
    }
    options
}

fn help(described: &str, schema: &Value) -> String {
    let mut help = cut(described).split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(choice) = schema.get("enum").and_then(Value::as_array) {
        let mut some: Vec<String> = choice.iter().take(CHOICES).map(|one| cut(&plain(one))).collect();
        if choice.len() > some.len() {
            some.push("..".to_owned());
        }
        help.push_str(&format!(" [one of: {}]", some.join(", ")));
    }
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        help.push_str(&format!(" [default: {}]", cut(&plain(default))));
    }
    printable(&cut(help.trim()))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A value as an option takes it.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
