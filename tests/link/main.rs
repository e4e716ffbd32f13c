//! The connection against a broker that lacks, refuses, delays and breaks things, through the public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod capabilities;
mod common;
mod connect_options;
mod disconnected;
mod fake;
mod first_minutes;
mod hostile;
mod limits;
mod log;
mod overlapping;
mod passwords;
mod pings;
mod refused;
mod replies;
mod resumed;
mod retained;
mod retained_work;
mod secrets;
mod sessions;
mod signals;
mod stop;
mod texts;
