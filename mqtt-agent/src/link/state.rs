//! What the connection is doing, for those who watch it.

use std::sync::Arc;
use std::time::Instant;

/// The state of the connection to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// There is no connection; one is being made, or the next attempt is waited for.
    #[non_exhaustive]
    Connecting {
        /// Attempts since the last connection, this one included.
        attempt: u32,
        /// Why the last connection or the last attempt ended.
        error: Option<Arc<str>>,
    },
    /// The broker accepted the connection, and the subscriptions were sent again where it had forgotten them.
    #[non_exhaustive]
    Connected {
        /// Counts the connections of this process, from 1.
        epoch: u64,
        /// Whether the broker still had the session of the connection before.
        session_present: bool,
        /// When it was accepted.
        since: Instant,
    },
    /// The connection was closed for good.
    Stopped,
}

impl ConnectionState {
    /// Whether there is a connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}
