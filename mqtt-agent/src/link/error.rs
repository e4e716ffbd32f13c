//! What can go wrong on a connection, as its callers see it.

use std::sync::Arc;
use std::time::Duration;

/// Why a connection to the broker could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address of the broker can't be used.
    #[error(
        "invalid broker url: {reason}; write it as `mqtt://host:1883`, or with `mqtts://`, `ws://` or `wss://`"
    )]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The address needs a cargo feature that this build doesn't have.
    #[error("`{scheme}://` needs the cargo feature `{feature}` of mqtt-agent; turn it on in Cargo.toml")]
    FeatureMissing {
        /// The scheme of the address.
        scheme: String,
        /// The feature that brings it.
        feature: &'static str,
    },
    /// An option has a value that MQTT or the client can't work with.
    #[error("invalid option `{option}`: {reason}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// What it has to be.
        reason: String,
    },
    /// There is no tokio runtime to run the connection on.
    #[error("no tokio runtime; open the connection from within one, e.g. below `#[tokio::main]`")]
    NoRuntime,
    /// The broker refused the user name or the password (reason code 0x86).
    #[error("the broker refused the user name or the password; check the credentials")]
    Credentials,
    /// The broker doesn't let this client in (reason code 0x87).
    #[error(
        "the broker does not authorize this client; check its credentials, its client id and the broker's access rules"
    )]
    NotAuthorized,
    /// The broker refused the connection for another reason.
    #[error("the broker refused the connection with {name} ({code:#04x})")]
    Refused {
        /// MQTT's reason code.
        code: u8,
        /// The code's name.
        name: &'static str,
    },
    /// TLS could not be set up, or the broker's certificate was not accepted.
    #[error(
        "TLS failed: {reason}; check the certificate authority (`Tls::ca_pem`) and the host name in the url"
    )]
    Tls {
        /// What TLS says.
        reason: String,
    },
    /// What answered doesn't speak MQTT 5.
    #[error("the peer does not speak MQTT 5: {reason}; check the port, the path and the broker's version")]
    Protocol {
        /// What was wrong with the answer.
        reason: String,
    },
    /// There was no connection within the time allowed.
    #[error("no connection to `{broker}` within {within:?}{}; check that the broker runs and can be reached", last_error(.last.as_deref()))]
    Timeout {
        /// Host and port, or the WebSocket address.
        broker: String,
        /// The time allowed.
        within: Duration,
        /// The last attempt's error, where one failed.
        last: Option<Arc<str>>,
    },
    /// The connection was closed meanwhile.
    #[error("the connection was closed by this program; open a new one")]
    Closed,
}

fn last_error(last: Option<&str>) -> String {
    last.map(|error| format!(", last error: {error}")).unwrap_or_default()
}

/// Why a message was not published, or may not have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The broker's access rules forbid it (reason code 0x87).
    #[error("publishing to `{topic}` was denied by the broker; allow it in the broker's access rules")]
    Denied {
        /// The topic.
        topic: String,
    },
    /// The packet is larger than the broker accepts.
    #[error(
        "the packet of {size} bytes is larger than the {limit} bytes that the broker accepts; send less or raise the broker's maximum packet size"
    )]
    TooLarge {
        /// The size of the packet, which is the payload with topic and properties.
        size: usize,
        /// The broker's Maximum Packet Size.
        limit: usize,
    },
    /// The message can't be expressed in MQTT.
    #[error("the message can't be sent: {reason}; correct it")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The broker refused it for another reason.
    #[error("publishing to `{topic}` was refused with {name} ({code:#04x}); the broker's log may say why")]
    Rejected {
        /// The topic.
        topic: String,
        /// MQTT's reason code.
        code: u8,
        /// The code's name.
        name: &'static str,
    },
    /// As many messages wait as may wait.
    #[error("the publish queue is full; publish slower, or wait for outcomes")]
    QueueFull,
    /// The connection was closed before the message was sent.
    #[error("the connection is closed; the message was not sent")]
    Closed,
    /// The message's expiry passed before it was sent.
    #[error("the message expired before it could be sent; check the connection or allow more time")]
    Expired,
    /// The message was sent, and its acknowledgement will never be known.
    #[error(
        "the message was sent but never acknowledged; it may have been delivered, so repeat it only if it may arrive twice"
    )]
    Interrupted,
}

/// Why a subscription was not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The broker's access rules forbid it (reason code 0x87).
    #[error("subscribing to `{filter}` was denied by the broker; allow it in the broker's access rules")]
    Denied {
        /// The topic filter.
        filter: String,
    },
    /// The filter is no valid MQTT topic filter.
    #[error("`{filter}` is no topic filter: {reason}; correct it")]
    Invalid {
        /// The topic filter.
        filter: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The broker refused it for another reason.
    #[error("subscribing to `{filter}` was refused with {name} ({code:#04x}); the broker's log may say why")]
    Rejected {
        /// The topic filter.
        filter: String,
        /// MQTT's reason code.
        code: u8,
        /// The code's name.
        name: &'static str,
    },
    /// The connection ended again and again before the broker answered.
    #[error("the connection ended each time that `{filter}` was subscribed to; the broker's log may say why")]
    Interrupted {
        /// The topic filter.
        filter: String,
    },
    /// The connection was closed before the broker answered.
    #[error("the connection is closed; there is no subscription to `{filter}`")]
    Closed {
        /// The topic filter.
        filter: String,
    },
}
