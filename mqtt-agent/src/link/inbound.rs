//! Received messages, and their receivers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::ack::Ack;
use super::message::{Properties, QoS};

/// Takes the messages of a subscription. It runs on the connection's task, so it must not block: it hands over and returns.
#[derive(Clone)]
pub(crate) enum MessageHandler {
    /// Takes the message in memory: it is acknowledged when the handler returns. What a user holds is always of this kind,
    /// so that nobody can stop a connection by not reading.
    InMemory(Arc<dyn Fn(Inbound) + Send + Sync>),
    /// The same for somebody who waits, and calls [`Link::flush`](super::Link::flush) when it was read.
    Awaited(Arc<dyn Fn(Inbound) + Send + Sync>),
    /// Takes the message together with its acknowledgement.
    Acknowledging(Arc<dyn Fn(Inbound, Ack) + Send + Sync>),
    /// The same for what is taken in memory in any case: it is acknowledged after that time though nothing was said of it.
    AcknowledgingSoon(Duration, Arc<dyn Fn(Inbound, Ack) + Send + Sync>),
}

/// After how long a message is acknowledged as a rule though nothing was said of it, where that may be. Most are settled
/// within a millisecond; the others' handlers compute.
const SOON: Duration = Duration::from_millis(200);

impl MessageHandler {
    /// Takes messages in memory.
    pub(crate) fn in_memory(take: impl Fn(Inbound) + Send + Sync + 'static) -> Self {
        Self::InMemory(Arc::new(take))
    }

    /// Takes messages in memory that somebody waits for.
    pub(crate) fn awaited(take: impl Fn(Inbound) + Send + Sync + 'static) -> Self {
        Self::Awaited(Arc::new(take))
    }

    /// Takes messages with their acknowledgements.
    pub(crate) fn acknowledging(take: impl Fn(Inbound, Ack) + Send + Sync + 'static) -> Self {
        Self::Acknowledging(Arc::new(take))
    }

    /// The same, and in memory in any case. A handler that computes before it awaits for the first time holds up no other
    /// message's acknowledgement.
    pub(crate) fn acknowledging_soon(take: impl Fn(Inbound, Ack) + Send + Sync + 'static) -> Self {
        Self::acknowledging_after(SOON, take)
    }

    /// The same after another time.
    pub(super) fn acknowledging_after(
        after: Duration,
        take: impl Fn(Inbound, Ack) + Send + Sync + 'static,
    ) -> Self {
        Self::AcknowledgingSoon(after, Arc::new(take))
    }

    pub(super) fn acknowledges(&self) -> bool {
        matches!(self, Self::Acknowledging(_) | Self::AcknowledgingSoon(..))
    }

    /// After how long a message is acknowledged of which nothing was said; `None`: never.
    pub(super) fn acknowledged_after(&self) -> Option<Duration> {
        match self {
            Self::Acknowledging(_) => None,
            Self::AcknowledgingSoon(after, _) => Some(*after),
            Self::InMemory(_) | Self::Awaited(_) => Some(Duration::ZERO),
        }
    }
}

impl std::fmt::Debug for MessageHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.acknowledges() { "Acknowledging(..)" } else { "InMemory(..)" })
    }
}

/// A received message.
#[derive(Debug, Clone)]
pub(crate) struct Inbound {
    pub(super) topic: Bytes,
    /// The payload.
    pub(crate) payload: Bytes,
    /// The quality of service it was delivered with.
    pub(crate) qos: QoS,
    /// Whether it was retained at the broker before the subscription was made.
    pub(crate) retain: bool,
    /// When it came in: its expiry counts from here.
    pub(crate) received: Instant,
    /// Whether the broker delivered it before (DUP), on another connection: maybe to a process that died of it.
    pub(crate) is_again: bool,
    /// Whether it was left to the session three times: it is to be refused, and is given up when it is left again.
    pub(crate) is_poison: bool,
    /// Whether the broker says which of several subscriptions it is for; otherwise all that match its topic get it.
    pub(crate) is_identified: bool,
    /// Its properties; `expiry` is what is left.
    pub(crate) properties: Properties,
}

impl Inbound {
    /// The topic.
    pub(crate) fn topic(&self) -> &str {
        // Checked once when it arrived; bytes keep it from being copied out of the receive buffer.
        std::str::from_utf8(&self.topic).unwrap_or_default()
    }

    /// The same with memory of its own where it is small: a slice keeps a whole receive buffer, which a message that waits is
    /// not worth.
    pub(super) fn detached(mut self) -> Self {
        const SMALL: usize = 16 * 1024;
        self.topic = Bytes::copy_from_slice(&self.topic);
        if self.payload.len() <= SMALL {
            self.payload = Bytes::copy_from_slice(&self.payload);
        }
        if let Some(data) = &mut self.properties.correlation_data {
            *data = Bytes::copy_from_slice(data);
        }
        self
    }

    /// About what it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        let properties = &self.properties;
        let user: usize = properties.user.iter().map(|(key, value)| key.len() + value.len() + 48).sum();
        let texts = [&properties.response_topic, &properties.content_type];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let correlation = properties.correlation_data.as_ref().map_or(0, Bytes::len);
        256 + self.topic.len() + self.payload.len() + texts + correlation + user
    }
}
