//! One connection to an MQTT 5 broker: connect, publish with its outcome, subscribe, route, reconnect, back-pressure.
//! The only place that names the client library.
//!
//! - `handle`, `receipt`, `subscription`: what callers hold; it sends commands and waits for answers
//! - `actor`, `events`, `deadlines`, `loss`: the one task that owns the connection
//! - `outgoing`, `entry`, `subscriptions`, `acks`, `routes`: its books, without I/O
//! - `message`, `inbound`, `options`, `state`, `error`: what goes in and comes out
//! - `codec`: the MQTT 5 packets as bytes
//! - `url`, `tls`, `backoff`, `blame`, `size`, `convert`, `ended`: one small job each
//!
//! It knows nothing of tools, tasks or agents.

mod acks;
mod actor;
mod backoff;
mod blame;
#[allow(dead_code, unused_imports)]
mod codec;
mod convert;
mod deadlines;
mod ended;
mod entry;
mod error;
mod events;
mod handle;
mod inbound;
mod loss;
mod message;
mod options;
mod outgoing;
mod receipt;
mod routes;
mod size;
mod state;
mod subscription;
mod subscriptions;
mod tls;
mod url;

#[cfg(test)]
mod tests;

pub use error::{ConnectError, PublishError, SubscribeError};
pub(crate) use handle::Link;
pub(crate) use inbound::{Inbound, Sink};
pub(crate) use message::{Filter, Message, QoS};
pub use options::Credentials;
pub(crate) use options::{LinkOptions, Will};
pub(crate) use receipt::{Published, Receipt};
pub use state::ConnectionState;
pub(crate) use subscription::Subscription;
pub use tls::Tls;
