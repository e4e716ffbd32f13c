//! One connection to an MQTT 5 broker: connect, publish with its outcome, subscribe, route, reconnect, back-pressure.
//! The only place that names the client library.
//!
//! - `handle`: what callers hold; it sends commands and waits for answers
//! - `actor`, `events`: the one task that owns the connection
//! - `refusal`: the outcome of a request, for whoever waits for its answer
//! - `outgoing`, `subscriptions`, `acks`, `routes`: its books, without I/O
//! - `message`, `inbound`, `options`, `state`, `error`: what goes in and comes out
//! - `url`, `tls`, `backoff`, `size`, `convert`, `ended`: one small job each
//!
//! It knows nothing of tools, tasks or agents.

mod acks;
mod actor;
mod backoff;
mod convert;
mod ended;
mod error;
mod events;
mod handle;
mod inbound;
mod message;
mod options;
mod outgoing;
mod refusal;
mod routes;
mod size;
mod state;
mod subscriptions;
mod tls;
mod url;

#[cfg(test)]
mod tests;

pub use error::{ConnectError, PublishError, SubscribeError};
pub(crate) use handle::{Link, Published, Receipt, Subscription};
pub(crate) use inbound::Inbound;
#[cfg(test)]
pub(crate) use inbound::Sink;
#[cfg(test)]
pub(crate) use message::QoS;
pub(crate) use message::{Filter, Message};
pub use options::Credentials;
pub(crate) use options::{LinkOptions, Will};
pub(crate) use refusal::Refusal;
pub use state::ConnectionState;
pub use tls::Tls;
