//! One finding of a lint.

use std::fmt;

use super::Dialect;
use super::rules::{Rule, Severity};

/// A part of a schema that a client or a provider does not accept.
///
/// `Display` prints one line: the place, the problem, what to change, and the rule.
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

    /// Where it is: a JSON pointer into the checked value, empty for its root.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The rule's id, words with hyphens. It is stable, unlike the texts.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule.id
    }

    /// The dialect that the rule belongs to.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What was found, and what breaks.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What to change in the Rust type.
    #[must_use]
    pub fn change(&self) -> &'static str {
        self.rule.change
    }

    /// The source of the rule: a page, a thread or a test of this library, as of [`checked`](Self::checked).
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.rule.source
    }

    /// The month in which the rule was last checked, such as `2026-11`.
    #[must_use]
    pub fn checked(&self) -> &'static str {
        self.rule.checked
    }

    /// The severity.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.rule.severity
    }

    /// Whether the dialect's projection fixes it, so that the type need not change.
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
