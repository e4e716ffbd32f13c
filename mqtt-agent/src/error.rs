//! The errors of building, connecting and stopping an agent. What a single call can come to is
//! [`CallError`](crate::CallError).

use std::error::Error as _;
use std::fmt;

use crate::a2a::{DelegateError, StoreError};
use crate::handler::registry::Location;
use crate::link::{ConnectError, PublishError, SubscribeError};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an agent or a client does not start.
///
/// `Debug` prints what `Display` prints and then each cause, so that `fn main() -> mqtt_agent::Result<()>` shows a
/// person something to read.
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
    Publish(#[from] PublishError),
    /// The broker did not grant a subscription.
    #[error("a subscription was not granted: {0}")]
    Subscribe(#[from] SubscribeError),
    /// The task store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signals that end [`Agent::serve`](crate::Agent::serve) cannot be listened for.
    #[error("signals cannot be listened for; use `Agent::start` and stop it yourself")]
    Signal(#[source] std::io::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut cause = match self {
            Self::Signal(_) => self.source(),
            // Their own text holds their cause's already.
            _ => None,
        };
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
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
