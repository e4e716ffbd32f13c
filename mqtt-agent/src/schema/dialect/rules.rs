//! The rules: one table for each dialect, with the month in which it was last checked against its sources.
//!
//! A rule is an error if the tool, or the request that carries it, is refused; it is a warning if that happens only in
//! some clients or some modes. Rules with `mended` are fixed by the dialect's projection.

mod anthropic;
mod gemini;
mod mcp;
mod openai;

use serde_json::Value;

use super::Dialect;
use super::limits::Totals;
use super::walk::Node;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Some clients of the dialect, or some modes, do not handle it well; [`why`](super::Finding::why) names them.
    Warning,
    /// The tool, or the whole request that carries it, is refused.
    Error,
}

/// One rule of one dialect.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) mended: bool,
    pub(super) side: Side,
    pub(super) check: Check,
    /// What breaks; follows what was found.
    pub(super) breaks: &'static str,
    /// What to change in the Rust type.
    pub(super) change: &'static str,
    pub(super) source: &'static str,
    pub(super) checked: &'static str,
}

/// Rules are their ids: one dialect has each but once.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// Which schemas a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
    Both,
}

impl Side {
    pub(super) fn covers(self, side: Self) -> bool {
        self == Self::Both || self == side
    }
}

/// What a rule looks at. Each gives what it found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// A tool's name.
    Name(fn(&str) -> Option<String>),
    /// A tool's description.
    Description(fn(&str) -> Option<String>),
    /// Each schema within a schema.
    Node(fn(&Node<'_>) -> Option<String>),
    /// Sums over the schema.
    Totals(fn(&Totals) -> Option<String>),
    /// The whole.
    Whole(fn(&Value) -> Option<String>),
    /// Whether it was too deep to look at.
    Depth,
    /// Whether it has too many schemas to look at all.
    Size,
}

pub(super) fn of(dialect: Dialect) -> &'static [Rule] {
    match dialect {
        Dialect::Mcp => mcp::RULES,
        Dialect::OpenAiStrict => openai::RULES,
        Dialect::Anthropic => anthropic::RULES,
        Dialect::Gemini => gemini::RULES,
    }
}

impl Rule {
    const fn error(id: &'static str, check: Check) -> Self {
        Self {
            id,
            severity: Severity::Error,
            mended: false,
            side: Side::Input,
            check,
            breaks: "",
            change: "",
            source: "",
            checked: "2026-11",
        }
    }

    const fn warning(id: &'static str, check: Check) -> Self {
        let mut rule = Self::error(id, check);
        rule.severity = Severity::Warning;
        rule
    }

    const fn says(mut self, breaks: &'static str, change: &'static str, source: &'static str) -> Self {
        self.breaks = breaks;
        self.change = change;
        self.source = source;
        self
    }

    const fn mended(mut self) -> Self {
        self.mended = true;
        self
    }

    /// An error that no projection mends.
    pub(super) fn is_refusal(&self) -> bool {
        self.severity == Severity::Error && !self.mended
    }

    const fn on(mut self, side: Side) -> Self {
        self.side = side;
        self
    }
}

const SPEC: &str = "https://json-schema.org/draft/2020-12";

// Rules of the same words in every dialect.

const MALFORMED: Rule = Rule::error("malformed", Check::Node(super::checks::malformed)).says(
    "and every reader refuses it",
    "correct the type's own `JsonSchema`",
    SPEC,
);

const UNRESOLVED: Rule = Rule::error("unresolved-ref", Check::Node(super::checks::unresolved)).says(
    "and clients fetch nothing",
    "derive `JsonSchema`, which keeps all definitions in the schema",
    "MCP 2026-07-28, schema of tools: a `$ref` to the network is not fetched",
);

const TOO_DEEP: Rule = Rule::error("too-deep", Check::Depth).says(
    "and JSON parsers stop at 128, what carries the schema included",
    "make the type flatter",
    "serde_json's recursion limit",
);

const TOO_LARGE: Rule = Rule::error("too-large", Check::Size).says(
    "and what is further in was not looked at",
    "split the tool into several",
    "MCP 2026-07-28: clients bound the number of subschemas",
);
