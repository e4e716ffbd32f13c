//! The prefix of all topics (`SUB-2`, `SUB-3`).

use std::fmt;
use std::sync::Arc;

use super::ident::is_sendable;
use crate::shown::debug_as_display;

/// The maximum length of a namespace, in bytes; it leaves room for the longest topic.
const LONGEST: usize = 1024;

/// The prefix of every topic; `a2a/v1` by default. May have several levels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// Parses a namespace. Outer `/` are trimmed; an empty text means the default.
    ///
    /// # Errors
    ///
    /// For an empty level, `+`, `#`, a control character, a leading `$`, and more than 1,024 bytes.
    pub fn parse(text: &str) -> Result<Self, NamespaceError> {
        let trimmed = text.trim_matches('/');
        if trimmed.is_empty() {
            return Ok(Self::default());
        }
        let error = |reason| Err(NamespaceError { text: text.chars().take(128).collect(), reason });
        if trimmed.len() > LONGEST {
            return error("has over 1,024 bytes; shorten it");
        }
        if trimmed.starts_with('$') {
            return error("begins with `$`, which brokers keep for themselves; begin with another character");
        }
        if trimmed.contains(['+', '#']) || !trimmed.chars().all(is_sendable) {
            return error("has `+`, `#` or a control character, which topics cannot have; leave it out");
        }
        if trimmed.contains("//") {
            return error("has an empty level; write one `/` between two levels");
        }
        Ok(Self(trimmed.into()))
    }

    /// The MQTT client id for an identifier in this namespace (`SUB-8`), so that two agents with the same id in two
    /// namespaces do not take over each other's session.
    pub(crate) fn client_id(&self, id: &str) -> String {
        if *self == Self::default() { id.to_owned() } else { format!("{}:{id}", self.0.replace('/', ".")) }
    }

    /// The text, without outer `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self("a2a/v1".into())
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a namespace.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the namespace `{}` {reason}", text.escape_debug())]
pub struct NamespaceError {
    text: String,
    reason: &'static str,
}

debug_as_display!(NamespaceError);
