//! What becomes of a publish.

use super::error::PublishError;

/// What became of an accepted publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Published {
    /// The broker knows nobody who subscribes to the topic. Not all brokers tell; never at QoS 0.
    pub(crate) no_subscribers: bool,
}

/// The result of one publish.
pub(super) type Outcome = Result<Published, PublishError>;
