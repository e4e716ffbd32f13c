//! What the command reads in JSON Schemas: what an option's text stands for.

use serde_json::Value;

/// How many references of a schema are followed in a row; more run in a circle.
pub(crate) const HOPS: usize = 16;

/// How many alternatives are looked at.
pub(crate) const CHOICES: usize = 64;

/// The longest reference that is followed, in bytes.
const REFERENCE: usize = 1024;

/// What an option's text is read as.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
    /// The option may be repeated.
    List(Box<Kind>),
    /// A JSON object.
    Object,
    /// JSON, or text that is none.
    Any,
}

impl Kind {
    /// What a value is called in the help.
    pub(crate) fn value_name(&self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Number => "NUMBER",
            Self::Boolean => "BOOLEAN",
            Self::List(item) => item.value_name(),
            Self::Object => "JSON",
            Self::Any => "VALUE",
        }
    }
}

/// Follows local references, and looks into a choice between one schema and `null`.
pub(crate) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..HOPS {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        let short = reference.filter(|pointer| pointer.len() <= REFERENCE);
        let referred = short.and_then(|pointer| root.pointer(pointer));
        let choice = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
        let only = choice.filter(|choice| choice.len() <= CHOICES).and_then(|choice| {
            let mut some = choice.iter().filter(|one| one.get("type").is_none_or(|kind| kind != "null"));
            some.next().filter(|_| some.next().is_none())
        });
        match referred.or(only) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// What a value of a resolved schema is.
pub(crate) fn kind(root: &Value, schema: &Value, hops: usize) -> Kind {
    match types(schema).as_slice() {
        ["string"] => Kind::Text,
        ["integer" | "number"] | ["integer", "number"] | ["number", "integer"] => Kind::Number,
        ["boolean"] => Kind::Boolean,
        ["array"] if hops > 0 => {
            let items =
                schema.get("items").map_or(Kind::Any, |items| kind(root, resolved(root, items), hops - 1));
            Kind::List(Box::new(items))
        }
        ["object"] => Kind::Object,
        _ => Kind::Any,
    }
}

/// Its types without `null`; where it names none, that of its values.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(some)) => {
            some.iter().take(CHOICES).filter_map(Value::as_str).filter(|one| *one != "null").collect()
        }
        // Choices between texts often have no type.
        _ => match schema.get("enum").and_then(Value::as_array) {
            Some(choice) if choice.iter().take(CHOICES).all(Value::is_string) => vec!["string"],
            Some(_) => Vec::new(),
            None => common(schema),
        },
    }
}

/// The type of all alternatives, if they have the same.
fn common(schema: &Value) -> Vec<&str> {
    let choice = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
    let types =
        choice.into_iter().flatten().take(CHOICES).map(|one| match (one.get("type"), one.get("const")) {
            (Some(kind), _) => kind.as_str(),
            (None, Some(Value::String(_))) => Some("string"),
            _ => None,
        });
    let mut types = types.filter(|one| *one != Some("null"));
    match types.next() {
        Some(Some(first)) if types.all(|one| one == Some(first)) => vec![first],
        _ => Vec::new(),
    }
}
