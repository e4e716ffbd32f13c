//! What holds when there is more work than a broker, a server or a connection takes at once.
//!
//! With the feature `peers` also on Mosquitto.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod backlog;
mod cancels;
mod cards;
mod chunks;
mod common;
mod deadlines;
mod delegators;
mod floods;
mod recovery;
mod unread;
mod windows;
