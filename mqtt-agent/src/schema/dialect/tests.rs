//! The rules, tested on hand-written schemas, on schemas of Rust types, and on random JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod any;
mod mends;
mod rows;
mod types;

use serde_json::{Value, json};

use super::*;

/// The rules that find something, without their repetitions.
fn found(schema: &Value, dialect: Dialect, severity: Severity) -> Vec<&'static str> {
    let findings = lint(schema, dialect);
    let of_severity = findings.iter().filter(|finding| finding.severity() == severity);
    let mut rules: Vec<_> = of_severity.map(Finding::rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn errors(schema: &Value, dialect: Dialect) -> Vec<&'static str> {
    found(schema, dialect, Severity::Error)
}

/// An object with one required property.
fn with(property: Value) -> Value {
    json!({"type": "object", "properties": {"x": property}, "required": ["x"], "additionalProperties": false})
}

/// The projection of a provider.
fn projection(dialect: Dialect) -> fn(&Value) -> Result<Value, Vec<Finding>> {
    match dialect {
        Dialect::OpenAiStrict => openai_strict,
        Dialect::Anthropic => anthropic,
        Dialect::Gemini => gemini,
        Dialect::Mcp => panic!("MCP has none"),
    }
}

const PROVIDERS: [Dialect; 3] = [Dialect::OpenAiStrict, Dialect::Anthropic, Dialect::Gemini];
