//! The message for the caller when an argument does not fit: the expectation, then the actual value.

use serde_json::Value;

use super::validate::{Check, Expected, Types, Wrong};
use crate::json::last_step;
use crate::near::near;
use crate::shown::shown;

/// The longest excerpt of a value that is told back, in characters.
const EXCERPT: usize = 60;

/// What was expected in place of what came. At the root are the arguments of a tool.
pub(super) fn message(wrong: &Wrong<'_>) -> String {
    let expected = match &wrong.what {
        Expected::Type(types) => types_of(*types),
        Expected::Keyword(check) => keyword(check),
        Expected::Tag(tags) => format!("one of {}", quoted(tags)),
        Expected::Variant(names) => format!("an object with one member, which is one of {}", quoted(names)),
        Expected::OneOf(names) => format!("an object with one of the members {}", quoted(names)),
        Expected::OnlyOneOf(names) => format!("an object with only one of the members {}", quoted(names)),
        Expected::Schema => "what the tool's `input_schema` asks for".to_owned(),
        Expected::Within => {
            return "something in it does not fit, below a name too long to be told; shorten the names"
                .to_owned();
        }
        Expected::Member(types, tags, beside) => {
            let missing = missing(*types, tags);
            return match near(&last_step(&wrong.pointer), beside.iter().copied()) {
                Some(close) => format!("{missing}; did you mean it by `{close}`?", close = shown(close)),
                None => missing,
            };
        }
        Expected::Nothing(known) => return unknown(&wrong.pointer, known),
        Expected::Key(patterns) => return wrong_key(&wrong.pointer, patterns),
    };
    format!("expected {expected}, got {}", excerpt(wrong.value))
}

fn missing(types: Types, tags: &[&str]) -> String {
    let mut names = types.names();
    match (tags, names.next(), names.next()) {
        ([], Some(kind), None) => format!("missing; give it, {}", article(kind)),
        ([], _, _) => "missing; give it".to_owned(),
        (tags, _, _) => format!("missing; give it, one of {}", quoted(tags)),
    }
}

fn unknown(pointer: &str, known: &[&str]) -> String {
    let name = last_step(pointer);
    let is_argument = pointer.matches('/').count() == 1;
    match near(&name, known.iter().copied()) {
        Some(close) => format!("unknown; did you mean `{close}`?"),
        None if is_argument && known.is_empty() => "unknown; this tool takes no arguments".to_owned(),
        None if is_argument => format!("unknown; the arguments are {}", list(known)),
        None if known.is_empty() => "unknown; leave it out".to_owned(),
        None => format!("unknown; what may be there is {}", list(known)),
    }
}

/// A key of a map that is none. schemars writes those of Rust's integers as patterns of digits.
fn wrong_key(pointer: &str, patterns: &[&str]) -> String {
    let key = shown(&last_step(pointer)).to_string();
    match patterns {
        [r"^\d+$"] => format!("`{key}` is no key here; the keys are whole numbers from 0"),
        [r"^-?\d+$"] => format!("`{key}` is no key here; the keys are whole numbers"),
        patterns => format!("`{key}` is no key here; the keys match {}", list(patterns)),
    }
}

/// What a keyword asks for.
fn keyword(check: &Check) -> String {
    match check {
        Check::Minimum { limit, excluded: false } => format!("at least {limit}"),
        Check::Maximum { limit, excluded: false } => format!("at most {limit}"),
        Check::Minimum { limit, excluded: true } => format!("more than {limit}"),
        Check::Maximum { limit, excluded: true } => format!("less than {limit}"),
        Check::MultipleOf(of) => format!("a multiple of {of}"),
        Check::MinLength(limit) => format!("at least {}", counted(*limit, "character")),
        Check::MaxLength(limit) => format!("at most {}", counted(*limit, "character")),
        Check::MinItems(limit) => format!("at least {}", counted(*limit, "item")),
        Check::MaxItems(limit) => format!("at most {}", counted(*limit, "item")),
        Check::MinProperties(limit) => format!("at least {}", counted(*limit, "member")),
        Check::MaxProperties(limit) => format!("at most {}", counted(*limit, "member")),
        Check::Pattern(pattern) => format!("a string that matches `{}`", pattern.text()),
        Check::Enum(options) => format!("one of {}", choices(&options.values)),
        Check::Const(value) => value.to_string(),
        Check::UniqueItems => "items that differ from each other".to_owned(),
        Check::Any(_) | Check::One(_) => "one of the forms in the tool's `input_schema`".to_owned(),
        check => format!("what `{}` in the tool's `input_schema` asks for", name(check)),
    }
}

/// The keyword of those that are told by their names.
fn name(check: &Check) -> &'static str {
    match check {
        Check::Contains { .. } => "contains",
        Check::DependentRequired(_) => "dependentRequired",
        Check::PropertyNames(_) => "propertyNames",
        Check::UnevaluatedItems(_) => "unevaluatedItems",
        Check::Not(_) => "not",
        Check::Never => "false",
        _ => "allOf",
    }
}

/// `1 item`, `2 items`.
fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Types with their articles; `null` beside others is the way to say nothing, and not told.
fn types_of(types: Types) -> String {
    let names: Vec<_> = types.names().collect();
    let told = names.iter().filter(|name| names.len() == 1 || **name != "null");
    told.map(|name| article(name)).collect::<Vec<_>>().join(" or ")
}

fn choices(options: &[Value]) -> String {
    let shown: Vec<_> =
        options.iter().filter(|option| !option.is_null()).take(16).map(ToString::to_string).collect();
    shown.join(", ")
}

fn quoted(names: &[&str]) -> String {
    names.iter().take(16).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn list(names: &[&str]) -> String {
    names.iter().take(16).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A value, shortened.
fn excerpt(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        value => {
            let text = value.to_string();
            match text.char_indices().nth(EXCERPT) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}

/// A JSON type with its article.
fn article(kind: &str) -> String {
    match kind {
        "integer" => "a whole number".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        "null" => "nothing".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        other => format!("a {other}"),
    }
}
