//! One thing that a lint found.

use std::fmt;

use super::Dialect;
use super::rules::{Rule, Severity};

/// One thing in a schema that a client or a provider does not take.
///
/// `Display` gives one line: where, what and why, what to change, and the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pointer: String,
    rule: &'static Rule,
    dialect: Dialect,
    why: String,
}

impl Finding {
    pub(super) fn new(rule: &'static Rule, dialect: Dialect, pointer: String, found: &str) -> Self {
        Self { pointer, rule, dialect, why: format!("{found}, {}", rule.breaks) }
    }

    /// The same, seen from what holds the schema.
    pub(super) fn within(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }

    /// Where it is: a JSON pointer into what was looked at, empty for its root.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The rule, in words with hyphens; it stays the same while the text may change.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule.id
    }

    /// Whose rule it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What is there, and what breaks.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What to change in the Rust type.
    #[must_use]
    pub fn change(&self) -> &'static str {
        self.rule.change
    }

    /// Where the rule comes from: a page, a thread or a test of ours, as of [`checked`](Self::checked).
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.rule.source
    }

    /// The month in which the rule was last looked at, as `2026-11`.
    #[must_use]
    pub fn checked(&self) -> &'static str {
        self.rule.checked
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.rule.severity
    }

    /// Whether the dialect's projection takes care of it, so that the type may stay as it is.
    #[must_use]
    pub fn is_mended(&self) -> bool {
        self.rule.mended
    }

    pub(super) fn is_refusal(&self) -> bool {
        self.rule.is_refusal()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the root" } else { &self.pointer };
        let Self { dialect, why, .. } = self;
        write!(f, "`{}`: {why} ({dialect}, `{}`); {}", place.escape_debug(), self.rule(), self.change())
    }
}
