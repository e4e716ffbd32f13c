//! Reads retained messages of the broker: cards and statuses (`MCP-11`).
//!
//! - [`latest`]: the latest payload of each name
//! - [`bounded`]: how much of that a watch goes on knowing
//! - [`burst`]: the retained messages of one wildcard, and whether the broker delivered all of them
//! - [`fetch`]: exact subscriptions to names that are known already
//! - [`unbroken`]: whether something was looked for on one connection
//! - [`clock`]: how long a listing takes
//! - [`receiver_cards`]: the limits of receivers
//! - [`listing`], [`error`]: the results and errors for callers
//!
//! MQTT does not mark the end of the retained messages, and a broker drops messages for which its queue for the client
//! has no room. So a listing subscribes to its wildcard together with the exact topic of a message that is known to be
//! retained: a broker that delivers this message had room for all messages before it.

mod bounded;
mod burst;
mod clock;
mod error;
mod fetch;
mod latest;
mod listing;
mod receiver_cards;
mod unbroken;

pub(crate) use bounded::Bounded;
pub(crate) use burst::{Burst, Marker, burst, settle};
pub(crate) use clock::Clock;
pub use error::{DiscoverError, Shortfall};
pub(crate) use fetch::{fetch, subscribe};
pub(crate) use latest::{Change, Latest, cost};
pub use listing::Listing;
pub(crate) use receiver_cards::{ReceiverCard, ReceiverCards, SMALL};
pub(crate) use unbroken::{Unbroken, once_granted, until_known};

use std::time::Duration;

/// How long cards are collected when nothing else is said; the specification says 1 to 3 s.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);

/// How long something has to be offline before a watch tells that it left: what restarts is offline for a moment.
pub(crate) const LEAVING: Duration = Duration::from_millis(300);

/// How long it may take to come back after the broker lost its retained messages.
pub(crate) const RETURN: Duration = Duration::from_secs(10);
