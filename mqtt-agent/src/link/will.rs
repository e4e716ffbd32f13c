//! The Will.

use std::time::Duration;

use super::message::Message;

/// What the broker publishes for a client that is gone.
#[derive(Debug, Clone)]
pub(crate) struct Will {
    /// The message.
    pub(crate) message: Message,
    /// How long the broker waits for the client to come back first.
    pub(crate) delay: Duration,
}
