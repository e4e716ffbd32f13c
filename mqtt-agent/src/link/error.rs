//! The errors of a connection, as its callers see them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::transport_hint;
use crate::deadline::Lasting;
use crate::shown::{debug_as_display, quoting, shown};

/// Why a connection to the broker could not be made.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address of the broker can't be used.
    #[error(
        "invalid broker url{}: {reason}; write it as `mqtt://localhost:1883`, or with `mqtts://`, `ws://` or `wss://`",
        quoted(.url), reason = quoting(.reason)
    )]
    #[non_exhaustive]
    InvalidUrl {
        /// The address, with `…` in place of credentials and without what follows `?` or `#`.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address needs a cargo feature that this build doesn't have.
    #[error("`{scheme}://` needs the cargo feature `{feature}` of mqtt-agent; turn it on in Cargo.toml", scheme = shown(.scheme))]
    FeatureMissing {
        /// The scheme of the address.
        scheme: String,
        /// The feature that adds it.
        feature: &'static str,
    },
    /// An option has an invalid value.
    #[error("invalid option `{option}`: {reason}", reason = quoting(.reason))]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// What the value has to be.
        reason: String,
    },
    /// There is no tokio runtime to run the connection on.
    #[error("no tokio runtime; open the connection from within one, e.g. below `#[tokio::main]`")]
    NoRuntime,
    /// The broker refused the user name or the password (reason code 0x86).
    #[error(
        "the broker `{broker}` refused the user name or the password{}; {advice}",
        said(.reason.as_deref(), None), broker = shown(.broker), advice = quoting(.advice)
    )]
    #[non_exhaustive]
    Credentials {
        /// Host and port, or the WebSocket address.
        broker: String,
        /// The user name that was given.
        user: Option<String>,
        /// What to do.
        advice: String,
        /// The broker's reason string, if it sent one.
        reason: Option<String>,
    },
    /// The broker doesn't let this client in (reason code 0x87).
    #[error(
        "the broker `{broker}` does not authorize this client{}; {advice}, or look at its client id in the broker's access \
         rules",
        said(.reason.as_deref(), None), broker = shown(.broker), advice = quoting(.advice)
    )]
    #[non_exhaustive]
    NotAuthorized {
        /// Host and port, or the WebSocket address.
        broker: String,
        /// The user name that was given.
        user: Option<String>,
        /// What to do.
        advice: String,
        /// The broker's reason string, if it sent one.
        reason: Option<String>,
    },
    /// The broker refused the connection for another reason.
    #[error("the broker refused the connection with {name} ({code:#04x}){}; {}", said(.reason.as_deref(), .server.as_deref()), advice(*.code))]
    Refused {
        /// MQTT's reason code.
        code: u8,
        /// The code's name.
        name: &'static str,
        /// The broker's reason string, if it sent one.
        reason: Option<String>,
        /// The server that the broker asks clients to use instead.
        server: Option<String>,
    },
    /// The broker only speaks MQTT 3.1 or 3.1.1.
    #[error(
        "the broker speaks MQTT 3.1.1 and not MQTT 5; turn it on there, or use a broker that speaks it (Mosquitto, EMQX, \
         HiveMQ)"
    )]
    OldProtocol,
    /// TLS could not be set up, or the broker's certificate was not accepted.
    #[error(
        "TLS failed: {reason}; check the certificate authority (`Tls::ca_pem`) and the host name in the url", reason = quoting(.reason))]
    Tls {
        /// The TLS error.
        reason: String,
    },
    /// The peer at this address does not speak MQTT 5.
    #[error("the peer does not speak MQTT 5: {reason}; check the port and whether it is for TLS (`mqtts://`), the path and the broker's version", reason = shown(.reason))]
    Protocol {
        /// What was wrong with the answer.
        reason: String,
    },
    /// The broker accepted the connection, but did not answer a request on it in time.
    #[error("`{broker}` did not answer {what} within {}; the broker's log may say why", Lasting(*.within), broker = shown(.broker))]
    Unanswered {
        /// Host and port, or the WebSocket address.
        broker: String,
        /// The request.
        what: &'static str,
        /// The time allowed.
        within: Duration,
    },
    /// There was no connection within the time allowed.
    #[error("no connection to `{broker}` within {}{}", Lasting(*.within), last_error(.last.as_deref()), broker = shown(.broker))]
    Timeout {
        /// Host and port, or the WebSocket address.
        broker: String,
        /// The time allowed.
        within: Duration,
        /// The last attempt's error, if an attempt failed.
        last: Option<Arc<str>>,
    },
    /// The connection was closed meanwhile.
    #[error("the connection was closed by this program; open a new one")]
    Closed,
}

debug_as_display!(ConnectError);

/// What the broker added to a reason code.
pub(super) fn said(reason: Option<&str>, server: Option<&str>) -> String {
    let reason = reason.map(|reason| format!(", `{}`", shown(reason)));
    let server = server.map(|server| format!(", use the server `{}`", shown(server)));
    format!("{}{}", reason.unwrap_or_default(), server.unwrap_or_default())
}

fn advice(code: u8) -> &'static str {
    match code {
        0x85 | 0x02 => "use another client id",
        0x8a => "ask the broker's operator why this client is banned",
        0x9a => {
            "turn on retained messages there, which cards and the Will need, or use a broker that keeps them (Mosquitto, \
             EMQX, HiveMQ)"
        }
        0x9b => "use a broker that offers QoS 1, or turn it on there",
        0x9c | 0x9d => "connect to that server",
        _ => "the broker's log may say more",
    }
}

/// An address, if there is one.
fn quoted(url: &str) -> String {
    if url.is_empty() { String::new() } else { format!(" `{}`", shown(url)) }
}

fn last_error(last: Option<&str>) -> String {
    const ADVICE: &str = "check that the broker runs and can be reached";
    match last {
        // It was reached.
        Some(error) if transport_hint::ends(error) => format!(", last error: {}", quoting(error)),
        Some(error) => format!(", last error: {}; {ADVICE}", quoting(error)),
        None => format!("; {ADVICE}"),
    }
}

/// A feature of MQTT 5 that a broker may lack (`SUB-10a`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BrokerFeature {
    /// Shared subscriptions, which distribute the calls of a tool among its servers.
    SharedSubscriptions,
    /// Subscriptions with `+` and `#`, which listings use.
    WildcardSubscriptions,
    /// Retained messages, used for cards and statuses.
    Retain,
    /// Quality of service 1: messages are acknowledged.
    QoS1,
}

impl std::fmt::Display for BrokerFeature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SharedSubscriptions => {
                "the broker has no shared subscriptions; use one that has them (Mosquitto, EMQX, HiveMQ), or serve as the \
                 only process with `Agent::without_replicas()`"
            }
            Self::WildcardSubscriptions => {
                "the broker has no wildcard subscriptions; ask for a single name, or use a broker that has them"
            }
            Self::Retain => {
                "the broker keeps no retained messages, which cards are; turn them on there, or use one that keeps them \
                 (Mosquitto, EMQX, HiveMQ)"
            }
            Self::QoS1 => "the broker offers QoS 0 only; use one that offers QoS 1, or turn it on there",
        })
    }
}

/// Why a message was not published, or may not have been.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The broker's access rules forbid it (reason code 0x87).
    #[error("publishing to `{topic}` was denied by the broker{}; allow it in the broker's access rules", said(.reason.as_deref(), None), topic = shown(.topic))]
    Denied {
        /// The topic.
        topic: String,
        /// The broker's reason string, if it sent one.
        reason: Option<String>,
    },
    /// The packet is larger than one of the [limits](SizeLimit) (`SUB-14`).
    #[error("the packet of {size} bytes is larger than the {limit} bytes that {of}")]
    TooLarge {
        /// The size of the packet in bytes: the payload with topic and properties.
        size: usize,
        /// The limit in bytes.
        limit: usize,
        /// Whose limit it is.
        of: SizeLimit,
    },
    /// The message can't be expressed in MQTT.
    #[error("the message can't be sent: {reason}; correct it", reason = quoting(.reason))]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The broker lacks what the message needs.
    #[error("publishing to `{topic}` is not possible: {feature}", topic = shown(.topic))]
    Unsupported {
        /// The topic.
        topic: String,
        /// What the broker lacks.
        feature: BrokerFeature,
    },
    /// The broker refused it for another reason.
    #[error("publishing to `{topic}` was refused with {name} ({code:#04x}){}; the broker's log may say more", said(.reason.as_deref(), None), topic = shown(.topic))]
    Rejected {
        /// The topic.
        topic: String,
        /// MQTT's reason code.
        code: u8,
        /// The code's name.
        name: &'static str,
        /// The broker's reason string, if it sent one.
        reason: Option<String>,
    },
    /// The queue of waiting messages is full.
    #[error("the publish queue is full; publish slower, or wait for outcomes")]
    QueueFull,
    /// The connection was closed before the message was sent.
    #[error("the connection is closed; open a new one")]
    Closed,
    /// The message's expiry passed before it was sent.
    #[error("the message expired before it could be sent; check the connection or allow more time")]
    Expired,
    /// The message was sent, but whether the broker received it cannot be known.
    #[error(
        "the message was sent but never acknowledged; it may have been delivered, so repeat it only if it may arrive twice"
    )]
    Interrupted,
}

debug_as_display!(PublishError);

/// Whose limit a packet exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SizeLimit {
    /// The connection's own `max_packet_size`, less 128 bytes for what a broker adds. A receiver with the same setting
    /// would never get the message, because brokers withhold messages that are larger than the receiver's limit.
    Connection,
    /// The broker's Maximum Packet Size.
    Broker,
    /// The receiver's limit, from its card or its call (`max_message_bytes`), less the same 128 bytes.
    Receiver,
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => {
                "this connection's `max_packet_size` allows; send less, or raise it here and at the receiver"
            }
            Self::Broker => "the broker accepts; send less, or raise the broker's maximum packet size",
            Self::Receiver => "the receiver accepts; send less, or raise `max_packet_size` at the receiver",
        })
    }
}

/// Why a subscription was not granted.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The broker's access rules forbid it (reason code 0x87).
    #[error("subscribing to `{filter}` was denied by the broker{}; allow it in the broker's access rules", said(.reason.as_deref(), None), filter = shown(.filter))]
    Denied {
        /// The topic filter.
        filter: String,
        /// The broker's reason string, if it sent one.
        reason: Option<String>,
    },
    /// The filter is not a valid MQTT topic filter.
    #[error("`{filter}` is no topic filter: {reason}; correct it", filter = shown(.filter))]
    Invalid {
        /// The topic filter.
        filter: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The broker lacks what the subscription needs.
    #[error("subscribing to `{filter}` is not possible: {feature}", filter = shown(.filter))]
    Unsupported {
        /// The topic filter.
        filter: String,
        /// What the broker lacks.
        feature: BrokerFeature,
    },
    /// The broker refused it for another reason.
    #[error("subscribing to `{filter}` was refused with {name} ({code:#04x}){}; the broker's log may say more", said(.reason.as_deref(), None), filter = shown(.filter))]
    Rejected {
        /// The topic filter.
        filter: String,
        /// MQTT's reason code.
        code: u8,
        /// The code's name.
        name: &'static str,
        /// The broker's reason string, if it sent one.
        reason: Option<String>,
    },
    /// The connection ended repeatedly before the broker answered.
    #[error("the connection ended each time that `{filter}` was subscribed to; the broker's log may say why", filter = shown(.filter))]
    Interrupted {
        /// The topic filter.
        filter: String,
    },
    /// The connection was closed before the broker answered.
    #[error("the connection is closed, and with it the subscription to `{filter}`; open a new one", filter = shown(.filter))]
    Closed {
        /// The topic filter.
        filter: String,
    },
}

debug_as_display!(SubscribeError);
