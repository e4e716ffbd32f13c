//! The state of a connection.

use std::sync::Arc;

/// The state of a connection, as [`Running::connection`](crate::Running::connection) and
/// [`Client::connection`](crate::Client::connection) show it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Being made, or made again.
    #[non_exhaustive]
    Connecting {
        /// How many tries have failed since it was last up.
        attempt: u32,
        /// What the latest came to.
        error: Option<Arc<str>>,
    },
    /// Up, with all subscriptions requested.
    #[non_exhaustive]
    Connected {
        /// Rises with every connection that is made.
        epoch: u64,
        /// Whether the broker had kept the session.
        session_present: bool,
    },
    /// Ended; it will not be made again.
    Stopped,
}

impl ConnectionState {
    /// Whether it is up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}
