//! Why an event is not published.

use std::time::Duration;

use crate::link::PublishError;
use crate::shown::{quoting, shown};

/// Why an event was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// A placeholder's value is no level of a topic.
    #[error("the placeholder `{name}` is `{value}`: {reason}; give another value", value = shown(.value))]
    Placeholder {
        /// The placeholder.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The payload cannot be written as JSON.
    #[error("the payload cannot be written as JSON: {message}; give a type that can", message = quoting(.message))]
    Payload {
        /// What serde says.
        message: String,
    },
    /// The broker did not take it.
    #[error("the event was not published: {0}")]
    Publish(PublishError),
    /// The broker did not acknowledge it in time. It may have arrived.
    #[error(
        "the event was not acknowledged within {after:?}; publish it again, or give it a longer `.timeout(..)`"
    )]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
}
