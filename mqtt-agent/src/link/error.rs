//! What can go wrong on a connection.

use std::time::Duration;

/// Why a connection was not made.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none that can be connected to.
    #[error("the broker URL `{url}`: {reason}")]
    InvalidUrl {
        /// The URL, without its password.
        url: String,
        /// What is wrong and what to write.
        reason: String,
    },
    /// The URL's scheme needs a cargo feature.
    #[error("`{scheme}://` needs the feature `{feature}`; enable it for `mqtt-agent`")]
    FeatureMissing {
        /// The scheme.
        scheme: String,
        /// The feature.
        feature: &'static str,
    },
    /// A setting is out of its range.
    #[error("the connection's settings: {0}")]
    InvalidSetting(String),
    /// The broker does not know the user or the password.
    #[error("the broker refuses the user name or password; check the credentials")]
    Credentials,
    /// The broker does not let this client connect.
    #[error("the broker does not authorize this client; check its user name, client id and the broker's access rules")]
    NotAuthorized,
    /// The broker refused for another reason.
    #[error("the broker refuses the connection: {reason}; look into its log")]
    Refused {
        /// Its reason.
        reason: String,
    },
    /// Certificates could not be read, or the broker's was not accepted.
    #[error("TLS: {0}; check the certificates")]
    Tls(String),
    /// The broker could not be reached in time.
    #[error("no connection to {broker} within {after:?}: {last}; is the broker running?")]
    Timeout {
        /// Host and port.
        broker: String,
        /// How long was tried.
        after: Duration,
        /// What the latest try came to.
        last: String,
    },
    /// The connection was closed meanwhile.
    #[error("the connection was closed; connect again")]
    Closed,
}

/// Why a message was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The broker denies it (PUBACK 0x87).
    #[error("the broker denies publishing to `{topic}`; ask for that right")]
    Denied {
        /// The topic.
        topic: String,
    },
    /// Larger than the broker's Maximum Packet Size.
    #[error("the message takes {size} bytes and the broker accepts {limit}; send less, or raise the broker's limit")]
    TooLarge {
        /// Its size as an MQTT packet.
        size: usize,
        /// The broker's limit.
        limit: usize,
    },
    /// The broker rejected it for another reason.
    #[error("the broker rejects the message to `{topic}`: {reason}; look into its log")]
    Rejected {
        /// The topic.
        topic: String,
        /// Its reason.
        reason: String,
    },
    /// As many messages wait as may.
    #[error("the connection's queue is full; send less, or later")]
    QueueFull,
    /// It expired while it waited for the connection.
    #[error("the message expired before it could be sent; is the broker running?")]
    Expired,
    /// The connection broke off each time that it was sent.
    #[error("the connection broke off each time the message to `{topic}` was sent; look into the broker's log")]
    Interrupted {
        /// The topic.
        topic: String,
    },
    /// The connection is closed.
    #[error("the connection is closed; connect again")]
    Closed,
}

/// Why a subscription was not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The broker denies it (SUBACK 0x87).
    #[error("the broker denies subscribing to `{filter}`; ask for that right")]
    Denied {
        /// The filter.
        filter: String,
    },
    /// The broker rejected it for another reason.
    #[error("the broker rejects the subscription to `{filter}`: {reason}; look into its log")]
    Rejected {
        /// The filter.
        filter: String,
        /// Its reason.
        reason: String,
    },
    /// The connection is closed.
    #[error("the connection is closed; connect again")]
    Closed,
}
