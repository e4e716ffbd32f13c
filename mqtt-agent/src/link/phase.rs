//! How far the end of a connection has come.

use std::time::Duration;

use tokio::time::Instant;

/// How long to finish when every handle was dropped without closing.
pub(super) const ABANDONED: Duration = Duration::from_secs(2);

/// How far closing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for acknowledgements.
    Draining,
    /// The goodbye is encoded.
    Leaving,
    /// It is sent; the broker is to hang up.
    Left,
}

/// A connection that is to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closing {
    pub(super) phase: Phase,
    pub(super) deadline: Instant,
}
