//! [`DiscoverError`]: why a look-up has no answer, or not all of it.

use std::fmt;
use std::time::Duration;

use crate::link::SubscribeError;
use crate::wire::IdentifierError;

/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The broker did not grant the subscription.
    #[error("cards could not be received: {0}")]
    Subscribe(SubscribeError),
    /// The broker did not answer.
    #[error("the broker did not grant the subscription within {0:?}; is the connection up?")]
    Timeout(Duration),
    /// What was looked for is no name.
    #[error("the name: {0}")]
    InvalidName(IdentifierError),
    /// There are more than were found. `partial` on the same look-up gives what was found.
    #[error("the listing is not complete: {found} found{}; {cause}, or take what was found with `.partial()`", known(*.missing))]
    #[non_exhaustive]
    Incomplete {
        /// How many were found.
        found: usize,
        /// How many more are known by name; there may be others that nothing is known of.
        missing: usize,
        /// Why they are missing.
        cause: Shortfall,
    },
}

impl From<SubscribeError> for DiscoverError {
    fn from(error: SubscribeError) -> Self {
        Self::Subscribe(error)
    }
}

impl From<IdentifierError> for DiscoverError {
    fn from(error: IdentifierError) -> Self {
        Self::InvalidName(error)
    }
}

fn known(missing: usize) -> String {
    if missing == 0 { String::new() } else { format!(", {missing} more known by name") }
}

/// Why a listing is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortfall {
    /// The broker's queue for this client had no room for all that is retained.
    Dropped,
    /// More came than a listing keeps: 100,000 names or 128 MiB, or cards that take more than that in memory (512 MiB those
    /// of agents).
    TooMany,
    /// The rest did not come in time.
    TimedOut,
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropped => {
                "the broker dropped the rest: raise its limit of queued messages (Mosquitto: `max_queued_messages`)"
            }
            Self::TooMany => "more came than a listing keeps: divide the agents among several namespaces",
            Self::TimedOut => "the rest did not come in time: try again",
        })
    }
}
