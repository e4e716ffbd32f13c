//! One connection to a broker. The only place that knows the MQTT client library.
//!
//! A [`Link`] is a handle on one task, the [`actor`], which owns the client's event loop and all state of the
//! connection: what waits to be sent and what is not acknowledged yet ([`outbox`]), the subscriptions
//! ([`subscriptions`]) and where messages go ([`routes`]), and the order of our own acknowledgements ([`acks`]). It
//! never runs a handler and never waits for one.
//!
//! The client library alone would lose accepted messages when a session is lost, reorder them when one is kept, and
//! wait for ever on a broker that has stopped answering; so what was accepted is kept here until it is acknowledged,
//! re-sent in its own order, and a silent connection is given up after one and a half keep-alive intervals.

mod ack;
mod actor;
mod backoff;
mod convert;
mod error;
mod handle;
mod message;
mod options;
mod outbox;
mod routes;
mod state;
mod subscriptions;
mod tls;
mod url;

#[cfg(test)]
mod tests;

pub use error::{ConnectError, PublishError, SubscribeError};
pub(crate) use handle::{Link, Receipt, Subscription};
pub(crate) use message::{Filter, Inbound, Message, Published};
pub use options::Credentials;
pub(crate) use options::{LinkOptions, Will};
pub use state::ConnectionState;
pub use tls::Tls;
