//! One connection to an MQTT 5 broker: connecting, publishing with an outcome, subscribing, routing, reconnecting,
//! back-pressure. Only this module handles sockets and packets.
//!
//! - `handle`, `receipt`, `subscription`, `ack`, `inbox`, `mailbox`: the types that callers use; they send commands and
//!   wait for answers
//! - `dial`, `stream`, `tls`, `websocket`, `url`: connecting
//! - `actor`: the one tokio task that owns the connection, and its rounds
//! - `wire`, `codec`: packets in both directions
//! - `receive`: handling packets; `send`: writing; `closing`, `disconnect`, `reconnect`: the end of a connection, and
//!   the next one
//! - `publishes`, `subscriptions`, `routes`, `acks`, `left`, `parked`, `copies`, `hold`, `packet_ids`, `capabilities`:
//!   bookkeeping, without I/O
//! - `message`, `inbound`, `budget`, `options`, `state`, `error`: the inputs and outputs
//! - `backoff`, `phase`, `poison`, `size`, `verdict`, `waiting`, `login`, `password_file`, `transport_hint`: one small job
//!   each
//!
//! It does not know tools, tasks or agents.

mod ack;
mod acks;
mod actor;
mod backoff;
mod budget;
mod capabilities;
mod closing;
mod codec;
mod command;
mod copies;
mod credentials;
mod dial;
mod disconnect;
mod error;
mod handle;
mod hold;
mod inbound;
mod inbox;
mod left;
mod login;
mod mailbox;
mod message;
mod options;
mod outcome;
mod packet_ids;
mod packets;
mod parked;
mod password_file;
mod pending_publish;
mod phase;
mod poison;
mod publishes;
mod receipt;
mod receive;
mod reconnect;
mod relay;
mod routes;
mod send;
mod shared;
mod size;
mod state;
mod stream;
mod subscription;
mod subscriptions;
mod tls;
mod transport_hint;
mod url;
mod verdict;
mod waiting;
mod watchdog;
#[cfg(feature = "websocket")]
mod websocket;
mod will;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use ack::{Ack, Evidence};
pub(crate) use credentials::CredentialSource;
pub use credentials::Credentials;
pub use error::{BrokerFeature, ConnectError, PublishError, SizeLimit, SubscribeError};
pub(crate) use handle::Link;
pub(crate) use inbound::{Inbound, MessageHandler};
pub(crate) use inbox::Inbox;
pub(crate) use mailbox::Mailbox;
pub(crate) use message::{Filter, Message, Properties, QoS, RetainHandling, filter_is_valid};
pub(crate) use options::{LinkOptions, MAX_PACKET_SIZE};
pub(crate) use outcome::{Outcome, Published, unsent};
pub(crate) use password_file::PasswordFile;
pub(crate) use receipt::Receipt;
pub(crate) use routes::{matches, unshared};
pub use state::ConnectionState;
pub(crate) use subscription::Subscription;
pub use tls::Tls;
#[cfg(all(feature = "tls", feature = "mcp-http"))]
pub(crate) use tls::web_tls;
pub(crate) use url::without_credentials;
pub(crate) use will::Will;
