//! What the caller reads when an argument does not fit: what is expected, then what came.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

/// The longest excerpt of a value that is told back, in characters.
const EXCERPT: usize = 60;

/// What was expected in place of what came.
pub(super) fn expected(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    let expected = match error.kind() {
        Kind::Type { kind: TypeKind::Single(kind) } => article(&kind.to_string()),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            let kinds: Vec<_> =
                kinds.iter().map(|kind| kind.to_string()).filter(|kind| kind != "null").collect();
            kinds.iter().map(|kind| article(kind)).collect::<Vec<_>>().join(" or ")
        }
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MinLength { limit } => format!("at least {limit} characters"),
        Kind::MaxLength { limit } => format!("at most {limit} characters"),
        Kind::MinItems { limit } => format!("at least {limit} items"),
        Kind::MaxItems { limit } => format!("at most {limit} items"),
        Kind::Pattern { pattern } => format!("a string that matches `{pattern}`"),
        Kind::Format { format } => format!("a string of the format `{format}`"),
        Kind::Enum { options } => format!("one of {}", choices(options)),
        Kind::Constant { expected_value } => expected_value.to_string(),
        Kind::UniqueItems => "items that differ from each other".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. } => {
            "one of the forms in the tool's `input_schema`".to_owned()
        }
        kind => format!("what `{}` in the tool's `input_schema` asks for", keyword(kind, error)),
    };
    format!("expected {expected}, got {}", excerpt(error.instance()))
}

/// The keyword that was not fulfilled: the last step of the path to it. A `false` has none.
fn keyword<'a>(kind: &ValidationErrorKind, error: &'a ValidationError<'_>) -> &'a str {
    if matches!(kind, ValidationErrorKind::FalseSchema) {
        return "falseSchema";
    }
    error.schema_path().as_str().rsplit('/').next().unwrap_or_default()
}

fn choices(options: &Value) -> String {
    let Value::Array(options) = options else { return excerpt(options) };
    let shown: Vec<_> =
        options.iter().filter(|option| !option.is_null()).take(16).map(ToString::to_string).collect();
    shown.join(", ")
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
pub(super) fn article(kind: &str) -> String {
    match kind {
        "integer" => "a whole number".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        "null" => "nothing".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        other => format!("a {other}"),
    }
}

/// The known name that a misspelt one is close to.
pub(super) fn near<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer names are unknown, not misspelt; comparing them would cost time that a caller decides.
    if name.len() > 64 {
        return None;
    }
    let scored = known.iter().map(|known| (strsim::jaro_winkler(name, known), *known));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}
