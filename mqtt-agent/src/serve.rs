//! What all three profiles need to serve: admission, fairness, reply addresses, retained messages, announcing again
//! after a reconnect, and graceful shutdown.

mod admission;
mod announce;
mod graceful_shutdown;
mod limits;
mod places;
mod reply_to;
mod retained;

pub(crate) use admission::{Admission, Admitted, Busy, Turn, own_places};
pub(crate) use announce::Announcer;
pub(crate) use graceful_shutdown::{ACKNOWLEDGE, GracefulShutdown};
pub use limits::Limits;
pub(crate) use places::{Caller, Places};
pub(crate) use reply_to::{ReplyTo, correlated_id, send_now};
pub(crate) use retained::Retained;
