//! The errors of publishing an event.

use std::time::Duration;

use crate::deadline::Lasting;
use crate::link::PublishError;
use crate::shown::{debug_as_display, quoting, shown};

/// The error of publishing an event.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// A placeholder's value is not a valid topic level.
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
        /// The message of serde.
        message: String,
    },
    /// Publishing failed.
    #[error("publishing the event failed: {0}")]
    Publish(PublishError),
    /// The broker did not acknowledge the event in time. The event may have arrived.
    #[error(
        "the event was not acknowledged within {}; publish it again, or give it a longer `.timeout(..)`", Lasting(*.after)
    )]
    Timeout {
        /// How long the caller waited.
        after: Duration,
    },
}

debug_as_display!(EventError);
