//! The errors of building, connecting and stopping an agent. What a single call can come to is
//! [`CallError`](crate::CallError).
//!
//! All public errors of this crate keep one convention: **an error prints its cause and does not give it as
//! [`source`](std::error::Error::source)**. So `{error}` is all that there is to read, wherever it ends up: in a log line, in
//! what a tool's caller or its model gets, in a report that prints the chain of sources. Programs find the cause in the
//! variant, which holds it as its own type. A variant that adds nothing to its cause is `#[error(transparent)]`. The test
//! `tests/structure/errors.rs` holds every error type against this.

use std::fmt;

use crate::a2a::{DelegateError, StoreError};
use crate::handler::registry::Location;
use crate::link::{ConnectError, PublishError, SubscribeError};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an agent or a client does not start.
///
/// `Debug` prints what `Display` prints, so that `fn main() -> mqtt_agent::Result<()>` shows a person something to read.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that was given or registered cannot be served; every problem is named. Found before connecting.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
    /// The connection to the broker could not be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The broker did not take a card.
    #[error("a card was not published: {0}")]
    Publish(PublishError),
    /// The broker did not grant a subscription.
    #[error("a subscription was not granted: {0}")]
    Subscribe(SubscribeError),
    /// The task store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signals that end [`Agent::serve`](crate::Agent::serve) cannot be listened for.
    #[error("signals cannot be listened for: {0}; use `Agent::start` and stop it yourself")]
    Signal(std::io::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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

/// One thing that keeps an agent from starting.
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

    /// The function that it is about, where it is about one.
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
    /// What can go wrong where results are made to arrive.
    fn from(error: DelegateError) -> Self {
        match error {
            DelegateError::Subscribe(error) => Self::Subscribe(error),
            DelegateError::Store(error) => Self::Store(error),
            other => Self::Invalid(vec![Problem::new(other.to_string())]),
        }
    }
}
