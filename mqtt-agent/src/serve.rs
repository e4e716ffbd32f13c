//! What all three profiles need to serve: how much is taken, whose turn it is, and the graceful end.

mod admission;
mod drain;
mod limits;

pub(crate) use admission::{Admission, Busy, Places};
pub(crate) use drain::{ACKNOWLEDGE, Draining};
pub use limits::Limits;
