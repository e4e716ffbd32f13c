//! `#[tool(schema = "weather.json")]`: the arguments in the file.

use std::path::PathBuf;

use serde_json::{Map, Value};
use syn::LitStr;

use crate::diag::Errors;
use crate::model::{Published, PublishedArgument};

/// Reads the file, whose path is relative to the source file, as that of `include_str!` is.
pub(super) fn read(file: &LitStr, errors: &Errors) -> Option<Published> {
    let name = file.value();
    let text = std::fs::read_to_string(path(file)).map_err(|error| {
        errors.at(file, format!("`{name}` cannot be read: {error}; write its path from this source file"));
    });
    let arguments =
        arguments(&text.ok()?).map_err(|message| errors.at(file, format!("`{name}` {message}"))).ok()?;
    Some(Published { file: file.clone(), arguments })
}

fn path(file: &LitStr) -> PathBuf {
    // Outside a compiler, as in a unit test, there is no such file.
    let source = proc_macro::is_available().then(|| file.span().unwrap().local_file()).flatten();
    let directory = source.as_ref().and_then(|source| source.parent()).map(PathBuf::from);
    // Some tools that analyse code don't say where it is.
    let directory = directory.or_else(|| std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from));
    directory.unwrap_or_default().join(file.value())
}

fn arguments(text: &str) -> Result<Vec<PublishedArgument>, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}; write a JSON Schema"))?;
    let schema = value.get("input_schema").unwrap_or(&value);
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        let rule = "write an input schema with `\"type\": \"object\"`, or an object with an `input_schema`";
        return Err(format!("describes no arguments; {rule}"));
    }
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|required| required.iter().any(|one| one == name));
    let argument = |(name, schema): (&String, &Value)| PublishedArgument {
        name: name.clone(),
        kind: schema.get("type").and_then(Value::as_str).map(str::to_owned),
        required: is_required(name),
    };
    Ok(properties.iter().map(argument).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::arguments;

    #[test]
    fn a_schema_or_a_card_names_arguments() {
        let schema =
            r#"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}"#;
        for text in [schema.to_owned(), format!(r#"{{"tool": "x", "input_schema": {schema}}}"#)] {
            let found = arguments(&text).unwrap();
            let found: Vec<_> =
                found.iter().map(|one| (one.name.as_str(), one.kind.as_deref(), one.required)).collect();
            assert_eq!(found, [("a", Some("integer"), true), ("b", None, false)]);
        }
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for text in ["", "[]", "1", "{}", r#"{"type": "array"}"#, r#"{"input_schema": 1}"#, "{"] {
            assert!(arguments(text).is_err(), "{text}");
        }
    }
}
