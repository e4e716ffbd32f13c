//! [`DiscoverError`]: the errors of finding cards.

use std::fmt;
use std::time::Duration;

use crate::deadline::Lasting;
use crate::link::SubscribeError;
use crate::shown::debug_as_display;
use crate::wire::IdentifierError;

/// The error of finding cards.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The broker did not grant the subscription.
    #[error("cards could not be received: {0}")]
    Subscribe(SubscribeError),
    /// The broker did not answer, or the connection was lost meanwhile, so that it is not known what there is.
    #[error("the broker did not answer within {within}, or the connection was lost meanwhile; is it up?", within = Lasting(*.0))]
    Timeout(Duration),
    /// The name is not valid.
    #[error("the name: {0}")]
    InvalidName(IdentifierError),
    /// The list is not complete. `partial` on the same look-up returns the entries that were found.
    #[error("the listing is not complete: {found} found{}; {cause}, or take what was found with `.partial()`", known(*.missing))]
    #[non_exhaustive]
    Incomplete {
        /// How many entries were found.
        found: usize,
        /// How many more are known by name; there may be further unknown ones.
        missing: usize,
        /// Why they are missing.
        cause: Shortfall,
    },
}

debug_as_display!(DiscoverError);

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
    /// The broker's queue for this client had no room for all retained messages.
    Dropped,
    /// There were more than a listing keeps: 100,000 names or 128 MiB, or more memory for parsed cards (for agents 512
    /// MiB).
    TooMany,
    /// The rest did not arrive in time.
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
