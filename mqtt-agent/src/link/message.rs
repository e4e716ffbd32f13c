//! Messages as the rest of the crate sees them: without the client library's types.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::ack::Ack;

/// MQTT 5 properties of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties {
    pub(crate) response_topic: Option<String>,
    pub(crate) correlation_data: Option<Bytes>,
    pub(crate) content_type: Option<&'static str>,
    /// Payload Format Indicator 1.
    pub(crate) utf8: bool,
    /// Message Expiry Interval; whole seconds on the wire, rounded up.
    pub(crate) expiry: Option<Duration>,
    pub(crate) user: Vec<(String, String)>,
}

/// A message to publish, at QoS 1: the protocol has no other (`SUB-5`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) retain: bool,
    pub(crate) properties: Properties,
}

impl Message {
    /// JSON (`SUB-12`).
    pub(crate) fn json(topic: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        let properties = Properties { content_type: Some("application/json"), utf8: true, ..Properties::default() };
        Self { topic: topic.into(), payload: payload.into(), retain: false, properties }
    }

    pub(crate) fn retained(mut self) -> Self {
        self.retain = true;
        self
    }

    pub(crate) fn expiring(mut self, after: Duration) -> Self {
        self.properties.expiry = Some(after);
        self
    }
}

/// What became of a publish that the broker took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Published {
    /// The broker says that nobody is subscribed (PUBACK 0x10). Not all brokers do.
    pub(crate) no_subscribers: bool,
}

/// What is subscribed, at QoS 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(pub(super) String);

impl Filter {
    pub(crate) fn new(filter: impl Into<String>) -> Self {
        Self(filter.into())
    }
}

/// A message that came in.
#[derive(Debug, Clone)]
pub(crate) struct Inbound {
    pub(super) topic: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) properties: Properties,
    /// Acknowledges when the last copy of the message is dropped.
    pub(super) _ack: Option<Arc<Ack>>,
}

impl Inbound {
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }
}

/// Where a subscription's messages go. Runs on the connection's task: it must neither block nor await.
pub(crate) type Sink = Arc<dyn Fn(Inbound) + Send + Sync>;
