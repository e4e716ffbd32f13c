//! [`DecodeError`]: why a peer's message cannot be read.

use std::fmt;

use serde::de::DeserializeOwned;

use super::tolerant;
use crate::shown::{debug_as_display, shown};

/// Why a message of a peer cannot be read.
///
/// Each `read` of this module returns it; [`CallRequest::read`](super::CallRequest::read) also returns the fields that
/// could be read. Its text says what was read, why that failed, and who can fix it.
///
/// ```
/// use mqtt_agent::wire::{DecodeCause, ToolCard};
///
/// let card = r#"{"version": "2", "tool": "add", "status": "online"}"#;
/// let error = ToolCard::read("add", card.as_bytes()).unwrap_err();
/// assert_eq!(error.what(), "the card");
/// assert!(matches!(error.cause(), DecodeCause::Version(version) if version == "2"));
/// ```
pub struct DecodeError {
    form: &'static Form,
    cause: DecodeCause,
}

debug_as_display!(DecodeError);

/// The cause.
#[derive(Debug)]
#[non_exhaustive]
pub enum DecodeCause {
    /// Invalid JSON, or a required field is missing or has another type.
    Json(serde_json::Error),
    /// The card's version is not `"1"` (`SUB-11`).
    Version(String),
    /// The name on the card is not that of its topic (`SUB-11`).
    Misplaced {
        /// The name on the card.
        name: String,
        /// The name in the topic.
        level: String,
    },
    /// A cancellation without a call (`MCP-17`).
    NoCall,
}

impl DecodeError {
    /// What was read, such as `the card`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.form.name
    }

    /// What is wrong with the bytes.
    #[must_use]
    pub fn cause(&self) -> &DecodeCause {
        &self.cause
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { form: Form { name, mend, .. }, cause } = self;
        let mend = match cause {
            DecodeCause::Version(_) => "update this program or the publisher",
            _ => mend,
        };
        write!(f, "{name} cannot be read: {cause}; {mend}")
    }
}

impl fmt::Display for DecodeCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A peer's text may be in it, of any length.
            Self::Json(error) => shown(error).fmt(f),
            Self::Version(version) => {
                write!(f, "its version is `{}`, and `1` is the only one known", shown(version))
            }
            Self::Misplaced { name, level } => {
                write!(f, "it is of `{}`, on the topic of `{}`", shown(name), shown(level))
            }
            Self::NoCall => f.write_str("it names no call"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A kind of message, for the text of errors.
#[derive(Debug)]
pub(super) struct Form {
    /// Its name.
    pub(super) name: &'static str,
    /// What to do about a malformed one.
    pub(super) mend: &'static str,
    /// The fields that must not be malformed (`SUB-11a`).
    pub(super) vital: &'static [&'static str],
}

impl Form {
    /// Reads JSON, and ignores malformed optional fields.
    pub(super) fn read<T: DeserializeOwned>(&'static self, payload: &[u8]) -> Result<T, DecodeError> {
        let read = tolerant::read(self.name, self.vital, payload);
        read.map_err(|error| self.error(DecodeCause::Json(error)))
    }

    pub(super) fn error(&'static self, cause: DecodeCause) -> DecodeError {
        DecodeError { form: self, cause }
    }
}
