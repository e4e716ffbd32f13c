#![doc = include_str!("../../docs/schemas.md")]

mod checks;
mod finding;
mod limits;
mod names;
mod project;
mod reference;
mod rules;
mod walk;

#[cfg(test)]
mod tests;

pub use finding::Finding;
pub(super) use project::steps;
pub use project::{anthropic, drop_nulls, gemini, openai_strict};
pub use rules::Severity;

use std::fmt;

use serde_json::Value;

use crate::wire::ToolCard;
use limits::{Totals, over};
use rules::{Check, Rule, Side};

/// The client or provider whose rules a schema is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Dialect {
    /// MCP clients, with any model. An agent always checks these rules.
    Mcp,
    /// OpenAI's function tools with `strict: true`.
    OpenAiStrict,
    /// Anthropic's tools: errors without `strict`, warnings with it.
    Anthropic,
    /// Gemini's function declarations: errors in `parametersJsonSchema`, warnings in the older `parameters`.
    Gemini,
}

impl Dialect {
    /// All dialects.
    pub const ALL: &[Self] = &[Self::Mcp, Self::OpenAiStrict, Self::Anthropic, Self::Gemini];
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mcp => "MCP",
            Self::OpenAiStrict => "OpenAI strict",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "Gemini",
        })
    }
}

/// Checks the schema of a tool's arguments against a dialect. Returns an empty list if no rule is broken.
///
/// It accepts any JSON. For a schema that is nested too deeply or has too many parts, that is a finding, and the rest
/// is not checked.
///
/// ```
/// use mqtt_agent::schema::dialect::{self, Dialect, Severity};
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"any": true}});
/// let findings = dialect::lint(&schema, Dialect::Mcp);
/// let error = findings.iter().find(|finding| finding.severity() == Severity::Error);
/// assert_eq!(error.map(|error| (error.rule(), error.pointer())), Some(("boolean-property", "/properties/any")));
/// ```
#[must_use]
pub fn lint(schema: &Value, dialect: Dialect) -> Vec<Finding> {
    held(schema, dialect, Side::Input, |_| true)
}

/// Checks the schema of a tool's result against a dialect. Only [`Dialect::Mcp`] has rules for it: the providers read
/// results as text.
#[must_use]
pub fn lint_output(schema: &Value, dialect: Dialect) -> Vec<Finding> {
    held(schema, dialect, Side::Output, |_| true)
}

/// Checks a tool's name against a dialect.
///
/// ```
/// use mqtt_agent::schema::dialect::{self, Dialect};
///
/// assert!(dialect::lint_tool_name("weather.today", Dialect::Mcp).is_empty());
/// assert_eq!(dialect::lint_tool_name("weather.today", Dialect::Anthropic).len(), 1);
/// ```
#[must_use]
pub fn lint_tool_name(name: &str, dialect: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules::of(dialect) {
        if let Check::Name(check) = rule.check
            && let Some(found) = check(name)
        {
            findings.push(Finding::new(rule, dialect, String::new(), &found));
        }
    }
    findings
}

/// Checks a card against a dialect: its name, its description, its input and output schemas. The findings' pointers
/// point into the card.
#[must_use]
pub fn lint_tool(card: &ToolCard, dialect: Dialect) -> Vec<Finding> {
    let named = lint_tool_name(&card.tool, dialect).into_iter().map(|finding| finding.within("/tool"));
    let mut findings: Vec<_> = named.collect();
    for rule in rules::of(dialect) {
        if let Check::Description(check) = rule.check
            && let Some(found) = check(&card.description)
        {
            findings.push(Finding::new(rule, dialect, "/description".to_owned(), &found));
        }
    }
    let input = lint(&card.input_schema, dialect).into_iter();
    findings.extend(input.map(|finding| finding.within("/input_schema")));
    if let Some(output) = &card.output_schema {
        let output = lint_output(output, dialect).into_iter();
        findings.extend(output.map(|finding| finding.within("/output_schema")));
    }
    findings
}

/// What keeps a tool from being served to the clients of a dialect: the errors that its projection does not mend.
pub(crate) fn refusals(name: &str, input: &Value, output: Option<&Value>, dialect: Dialect) -> Vec<Finding> {
    let named = lint_tool_name(name, dialect).into_iter().filter(Finding::is_refusal);
    let mut findings: Vec<_> = named.map(|finding| finding.within("/tool")).collect();
    let input = refused(input, dialect).into_iter();
    findings.extend(input.map(|finding| finding.within("/input_schema")));
    let output = output.map(|output| held(output, dialect, Side::Output, Rule::is_refusal));
    findings.extend(output.into_iter().flatten().map(|finding| finding.within("/output_schema")));
    findings
}

/// What no projection mends.
fn refused(schema: &Value, dialect: Dialect) -> Vec<Finding> {
    held(schema, dialect, Side::Input, Rule::is_refusal)
}

/// Holds a schema against some rules of a dialect.
fn held(schema: &Value, dialect: Dialect, side: Side, which: fn(&Rule) -> bool) -> Vec<Finding> {
    let all = rules::of(dialect).iter();
    let rules: Vec<&Rule> = all.filter(|rule| rule.side.covers(side) && which(rule)).collect();
    let counts = rules.iter().any(|rule| matches!(rule.check, Check::Totals(_)));
    let mut findings = Vec::new();
    let mut totals = Totals::default();
    let walk = walk::walk(schema, &mut |node| {
        if counts {
            totals.add(node);
        }
        for rule in &rules {
            if let Check::Node(check) = rule.check
                && let Some(found) = check(node)
            {
                findings.push(Finding::new(rule, dialect, node.pointer(), &found));
            }
        }
    });
    for rule in rules {
        let found = match rule.check {
            Check::Totals(check) => check(&totals),
            Check::Whole(check) if !walk.too_deep => check(schema),
            Check::Depth if walk.too_deep => {
                Some(format!("it is nested deeper than {} levels", walk::DEEPEST))
            }
            Check::Size => over("schemas in it", walk.schemas, walk::MOST_SCHEMAS),
            _ => None,
        };
        if let Some(found) = found {
            findings.push(Finding::new(rule, dialect, String::new(), &found));
        }
    }
    findings
}
