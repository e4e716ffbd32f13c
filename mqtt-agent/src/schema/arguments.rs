//! Checking the arguments of a call (`MCP-8`).

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use super::error::SchemaError;
use super::wording::{expected, near};
use crate::handler::param::ArgumentError;

/// How many errors one answer names.
const MOST_ERRORS: usize = 20;

/// Checks the arguments of one tool; compiled once.
#[derive(Debug)]
pub(crate) struct Arguments {
    validator: Validator,
    defaults: Vec<(String, Value)>,
    optional: Vec<String>,
    /// The schema of each argument, for messages.
    properties: Map<String, Value>,
}

impl Arguments {
    pub(super) fn new(
        schema: &Value,
        defaults: Vec<(String, Value)>,
        optional: Vec<String>,
    ) -> Result<Self, SchemaError> {
        let validator = jsonschema::validator_for(schema).map_err(|error| {
            let argument = error.instance_path().as_str().split('/').nth(2).unwrap_or_default().to_owned();
            let reason = format!("{error}; write a regular expression or a schema that is valid");
            if argument.is_empty() {
                SchemaError::Parameters(reason)
            } else {
                SchemaError::Argument { argument, reason }
            }
        })?;
        let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        Ok(Self { validator, defaults, optional, properties })
    }

    /// Checks a call's arguments, and completes them: an explicit `null` for an argument that may be left out means
    /// that it is, and defaults are filled in.
    pub(crate) fn check(&self, arguments: &mut Map<String, Value>) -> Result<(), Vec<ArgumentError>> {
        for name in &self.optional {
            if arguments.get(name).is_some_and(Value::is_null) {
                arguments.remove(name);
            }
        }
        for (name, default) in &self.defaults {
            if !arguments.contains_key(name) {
                arguments.insert(name.clone(), default.clone());
            }
        }
        let whole = Value::Object(std::mem::take(arguments));
        let outcome = if self.validator.is_valid(&whole) { Ok(()) } else { Err(self.errors(&whole)) };
        if let Value::Object(whole) = whole {
            *arguments = whole;
        }
        outcome
    }

    /// Checks one argument on its own.
    pub(super) fn check_one(&self, name: &str, value: &Value) -> Result<(), ArgumentError> {
        let one = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
        let about_it = |error: &ArgumentError| {
            error.pointer().strip_prefix('/').and_then(|rest| rest.strip_prefix(name)).is_some()
                && !error.message().starts_with("missing")
        };
        match self.errors(&one).into_iter().find(about_it) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn errors(&self, arguments: &Value) -> Vec<ArgumentError> {
        let mut errors = Vec::new();
        for error in self.validator.iter_errors(arguments) {
            self.word(&error, &mut errors);
            if errors.len() >= MOST_ERRORS {
                break;
            }
        }
        errors.sort_by(|a, b| a.pointer().cmp(b.pointer()));
        errors.truncate(MOST_ERRORS);
        errors
    }

    fn word(&self, error: &ValidationError<'_>, errors: &mut Vec<ArgumentError>) {
        let path = error.instance_path().as_str();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                // Each costs a comparison with the known names, and the caller decides how many there are.
                errors.extend(unexpected.iter().take(MOST_ERRORS).map(|name| self.unknown(path, name)));
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let schema = path.is_empty().then(|| self.properties.get(name)).flatten();
                let expected = schema.and_then(kind).map_or(String::new(), |kind| format!(", {kind}"));
                let pointer = format!("{path}/{}", escaped(name));
                errors.push(ArgumentError::new(pointer, format!("missing; give it{expected}")));
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                // An `Option` of something: what is wrong with the something says more.
                let mut meant = context.iter().filter(|alternative| !is_null(alternative));
                match (meant.next(), meant.next()) {
                    (Some(only), None) => only.iter().for_each(|error| self.word(error, errors)),
                    _ => errors.push(ArgumentError::new(path, expected(error))),
                }
            }
            _ => errors.push(ArgumentError::new(path, expected(error))),
        }
    }

    fn unknown(&self, path: &str, name: &str) -> ArgumentError {
        let pointer = format!("{path}/{}", escaped(&name.chars().take(64).collect::<String>()));
        let known: Vec<_> = self.properties.keys().map(String::as_str).collect();
        let message = match (path.is_empty(), near(name, &known)) {
            (true, Some(close)) => format!("unknown; did you mean `{close}`?"),
            (true, None) if known.is_empty() => "unknown; this tool takes no arguments".to_owned(),
            (true, None) => format!("unknown; the arguments are {}", list(&known)),
            (false, _) => "unknown; leave it out".to_owned(),
        };
        ArgumentError::new(pointer, message)
    }
}

/// Whether an alternative failed for wanting nothing but `null`.
fn is_null(alternative: &[ValidationError<'_>]) -> bool {
    let [error] = alternative else { return false };
    matches!(error.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(kind) } if kind.to_string() == "null")
}

fn kind(schema: &Value) -> Option<String> {
    match schema.get("type")? {
        Value::String(kind) => Some(super::wording::article(kind)),
        _ => None,
    }
}

fn list(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().take(16).map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A name as a step of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
