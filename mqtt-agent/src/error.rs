//! The errors of building, connecting and stopping an agent. The error of a single call is
//! [`CallError`](crate::CallError).
//!
//! All public errors of this crate keep one convention: **an error prints its cause and does not return it as
//! [`source`](std::error::Error::source)**. So `{error}` is complete wherever it is printed: in a log line, in the
//! error for a tool's caller or a model, in a report that prints the chain of sources. Programs get the typed cause
//! from the variant. A variant that adds nothing to its cause is `#[error(transparent)]`. `Debug` prints what `Display`
//! prints, so that `fn main() -> Result<(), Box<dyn Error>>` ends with a sentence. The test `tests/structure/errors.rs`
//! checks every error type for this.

use std::fmt;

use crate::a2a::{DelegateError, StoreError};
use crate::handler::registry::Location;
use crate::link::{ConnectError, PublishError, SubscribeError};
use crate::shown::debug_as_display;

/// A `Result` with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of starting an agent or a client.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The agent or the options are invalid; every problem is listed. Reported before connecting.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
    /// Connecting to the broker failed.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Publishing a card failed.
    #[error("publishing a card failed: {0}")]
    Publish(PublishError),
    /// The broker did not grant a subscription.
    #[error("a subscription was not granted: {0}")]
    Subscribe(SubscribeError),
    /// The task store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signal handlers of [`Agent::serve`](crate::Agent::serve) could not be installed.
    #[error("signals cannot be listened for: {0}; use `Agent::start` and stop it yourself")]
    Signal(std::io::Error),
}

debug_as_display!(Error);

impl From<PublishError> for Error {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

impl From<SubscribeError> for Error {
    fn from(error: SubscribeError) -> Self {
        Self::Subscribe(error)
    }
}

/// One problem that prevents an agent from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    message: String,
    location: Option<Location>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), location: None }
    }

    pub(crate) fn at(location: Location, message: impl Into<String>) -> Self {
        Self { message: message.into(), location: Some(location) }
    }

    /// What is wrong and what to write instead.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The function that the problem is about, or where the program gives the agent's id; if any.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        self.location
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location {
            Some(location) => write!(f, "{location}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

fn list(problems: &[Problem]) -> String {
    match problems {
        [problem] => format!("cannot start: {problem}"),
        problems => {
            let mut text = format!("cannot start, for {} reasons:", problems.len());
            for problem in problems {
                text.push_str("\n  ");
                text.push_str(&problem.to_string());
            }
            text
        }
    }
}

impl From<DelegateError> for Error {
    /// The errors of subscribing to results.
    fn from(error: DelegateError) -> Self {
        match error {
            DelegateError::Subscribe(error) => Self::Subscribe(error),
            DelegateError::Store(error) => Self::Store(error),
            other => Self::Invalid(vec![Problem::new(other.to_string())]),
        }
    }
}
