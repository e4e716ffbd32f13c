//! The state of the connection, for watching it.

use std::sync::Arc;
use std::time::Instant;

/// The state of the connection to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// There is no connection: an attempt is running, or the next one will follow after a pause.
    #[non_exhaustive]
    Connecting {
        /// Attempts since the last connection, this one included.
        attempt: u32,
        /// Why the last connection or the last attempt ended.
        error: Option<Arc<str>>,
    },
    /// The broker accepted the connection, and the subscriptions were sent again if the broker had lost them.
    #[non_exhaustive]
    Connected {
        /// The number of this connection in this process, from 1.
        epoch: u64,
        /// Whether the broker still had the previous connection's session.
        session_present: bool,
        /// When the connection was accepted.
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
