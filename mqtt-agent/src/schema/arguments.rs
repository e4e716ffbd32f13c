//! Checks the arguments of a call (`MCP-8`).

use serde_json::{Map, Value};

use super::error::SchemaError;
use super::validate::{Plan, Wrongs, compile};
use super::wording::message;
use crate::handler::param::ArgumentError;

/// How many errors one answer names.
const MOST_ERRORS: usize = 20;

/// Checks the arguments of one tool; compiled once.
#[derive(Debug)]
pub(crate) struct Arguments {
    plan: Plan,
    defaults: Vec<(String, Value)>,
    optional: Vec<String>,
}

impl Arguments {
    pub(super) fn new(
        schema: &Value,
        defaults: Vec<(String, Value)>,
        optional: Vec<String>,
    ) -> Result<Self, SchemaError> {
        let plan = compile(schema).map_err(|broken| {
            let mut steps = broken.pointer.split('/').skip(1);
            match (steps.next(), steps.next()) {
                (Some("properties"), Some(argument)) => {
                    SchemaError::Argument { argument: argument.to_owned(), reason: broken.reason }
                }
                _ => SchemaError::Parameters(format!(
                    "in the schema at `{}`: {}",
                    broken.pointer, broken.reason
                )),
            }
        })?;
        Ok(Self { plan, defaults, optional })
    }

    /// Those of a schema that is known when the program runs. Defaults are filled in, and an explicit `null` for what may be
    /// left out means that it is, unless the schema takes `null` there.
    pub(crate) fn of_schema(schema: &Value) -> Result<Self, SchemaError> {
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            let text =
                "the arguments of a call are a JSON object; write `\"type\": \"object\"` into the schema";
            return Err(SchemaError::Parameters(text.to_owned()));
        }
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|other| other == name));
        let (mut defaults, mut optional) = (Vec::new(), Vec::new());
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(default) = property.get("default") {
                defaults.push((name.clone(), default.clone()));
            }
            let takes_null = property.get("type").and_then(Value::as_str).is_none_or(|kind| kind == "null");
            if !is_required(name) && !takes_null {
                optional.push(name.clone());
            }
        }
        let checks = Self::new(schema, Vec::new(), Vec::new())?;
        for (name, default) in &defaults {
            checks.check_one(name, default).map_err(|error| SchemaError::Argument {
                argument: name.clone(),
                reason: format!("its `default` does not fit: {}", error.message()),
            })?;
        }
        Ok(Self { defaults, optional, ..checks })
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
        let errors = self.errors(&whole);
        if let Value::Object(whole) = whole {
            *arguments = whole;
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
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
        let mut errors = match self.plan.wrongs(arguments, MOST_ERRORS) {
            None => Vec::new(),
            Some(Wrongs::TooComplex) => vec![ArgumentError::too_complex()],
            Some(Wrongs::Found(wrongs)) => {
                wrongs.iter().map(|wrong| ArgumentError::new(wrong.pointer.clone(), message(wrong))).collect()
            }
        };
        errors.sort_by(|a, b| a.pointer().cmp(b.pointer()));
        errors
    }
}
