//! [`DecodeError`]: what is wrong with a peer's bytes.

use std::fmt;

use serde::de::DeserializeOwned;

use super::tolerant;
use crate::shown::shown;

/// Why a message of a peer cannot be read.
///
/// Each `read` of this module gives it, and [`CallRequest::read`](super::CallRequest::read) gives it with what could be
/// read all the same. It prints what was to be read, why that failed, and who can mend it.
///
/// ```
/// use mqtt_agent::wire::{DecodeCause, ToolCard};
///
/// let card = r#"{"version": "2", "tool": "add", "status": "online"}"#;
/// let error = ToolCard::read("add", card.as_bytes()).unwrap_err();
/// assert_eq!(error.what(), "the card");
/// assert!(matches!(error.cause(), DecodeCause::Version(version) if version == "2"));
/// ```
#[derive(Debug)]
pub struct DecodeError {
    form: &'static Form,
    cause: DecodeCause,
}

/// What is wrong with the bytes.
#[derive(Debug)]
#[non_exhaustive]
pub enum DecodeCause {
    /// They are not the JSON of such a message: no JSON at all, or a required field is missing or of another type.
    Json(serde_json::Error),
    /// A card's format has a version that is not `"1"` (`SUB-11`).
    Version(String),
    /// A card names something else than its topic does (`SUB-11`).
    Misplaced {
        /// What the card says.
        name: String,
        /// What the topic says.
        level: String,
    },
    /// A cancel names no call (`MCP-17`).
    NoCall,
}

impl DecodeError {
    /// What was to be read, as `the card`.
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

/// A message that is read, for the sentence that says why it was not.
#[derive(Debug)]
pub(super) struct Form {
    /// What it is called.
    pub(super) name: &'static str,
    /// What to do about one that is wrong.
    pub(super) mend: &'static str,
    /// Its fields that decide over it where they are malformed, and are not passed over (`SUB-11a`).
    pub(super) vital: &'static [&'static str],
}

impl Form {
    /// Reads JSON, and passes over malformed fields that are optional.
    pub(super) fn read<T: DeserializeOwned>(&'static self, payload: &[u8]) -> Result<T, DecodeError> {
        let read = tolerant::read(self.name, self.vital, payload);
        read.map_err(|error| self.error(DecodeCause::Json(error)))
    }

    pub(super) fn error(&'static self, cause: DecodeCause) -> DecodeError {
        DecodeError { form: self, cause }
    }
}
