//! Reading what is retained at the broker: cards and statuses (`MCP-11`).
//!
//! - [`latest`]: the latest payload of each name, kept where it arrives
//! - [`burst`]: all retained messages of one wildcard, and whether the broker delivered all of them
//! - [`fetch`]: exact subscriptions of names that are known from elsewhere
//! - [`clock`]: how long a listing takes
//! - [`receiver_cards`]: what a receiver takes
//! - [`listing`], [`error`]: what callers get
//!
//! MQTT has no end of the retained messages, and a broker drops what its queue for a client has no room for. So a
//! listing subscribes its wildcard together with the exact topic of something that is known to be retained: a broker
//! that delivers the latter had room for all that came before it.

mod burst;
mod clock;
mod error;
mod fetch;
mod latest;
mod listing;
mod receiver_cards;

pub(crate) use burst::{Burst, Marker, burst, settle};
pub(crate) use clock::Clock;
pub use error::{DiscoverError, Shortfall};
pub(crate) use fetch::{fetch, subscribe};
pub(crate) use latest::{Change, Latest};
pub use listing::Listing;
pub(crate) use receiver_cards::{ReceiverCard, ReceiverCards, SMALL};

use std::time::Duration;

/// How long cards are collected when nothing else is said; the specification says 1 to 3 s.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);

/// How long something has to be offline before a watch tells that it left: what restarts is offline for a moment.
pub(crate) const LEAVING: Duration = Duration::from_millis(300);

/// How long it may take to come back after the broker lost its retained messages.
pub(crate) const RETURN: Duration = Duration::from_secs(10);
