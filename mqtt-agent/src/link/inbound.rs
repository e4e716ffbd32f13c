//! What is received, and its acknowledgement.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc::WeakUnboundedSender;

use super::actor::Command;
use super::message::Properties;

/// Takes the messages of a subscription.
///
/// It runs on the connection's task, so it must not block: it hands over (a oneshot, `try_send`, `spawn`) and returns.
pub(crate) type Sink = Arc<dyn Fn(Inbound) + Send + Sync>;

/// A received message.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(super) topic: Bytes,
    /// The payload.
    pub(crate) payload: Bytes,
    /// Whether it was retained at the broker before the subscription was made.
    pub(crate) retain: bool,
    /// Its properties; `expiry` is what is left.
    pub(crate) properties: Properties,
    /// Its acknowledgement.
    pub(crate) ack: Ack,
}

impl Inbound {
    /// The topic.
    pub(crate) fn topic(&self) -> &str {
        // Checked once when it arrived; bytes keep it from being copied out of the receive buffer.
        std::str::from_utf8(&self.topic).unwrap_or_default()
    }

    /// Takes the acknowledgement out, for a message that is handed on.
    pub(crate) fn take_ack(&mut self) -> Ack {
        std::mem::replace(&mut self.ack, Ack::none())
    }

    /// The same message for another subscription; it is acknowledged when both have done so.
    pub(super) fn share(&self) -> Self {
        Self {
            topic: self.topic.clone(),
            payload: self.payload.clone(),
            retain: self.retain,
            properties: self.properties.clone(),
            ack: Ack(self.ack.0.clone()),
        }
    }
}

/// The acknowledgement of a message: given by [`Ack::done`] or by dropping it.
///
/// As long as it is kept the broker counts the message against our Receive Maximum, and delivers it again to the
/// session when the connection breaks. Nothing at QoS 0.
#[derive(Clone)]
pub(crate) struct Ack(pub(super) Option<Arc<Token>>);

impl Ack {
    /// Acknowledges now.
    pub(crate) fn done(self) {
        drop(self);
    }

    /// Never acknowledges: the session keeps the message, and delivers it again to the next connection. Nothing that
    /// came later is acknowledged either, so this is for a connection that is about to end.
    pub(crate) fn withhold(self) {
        if let Some(token) = &self.0 {
            token.withheld.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the broker waits for it: nothing does at QoS 0.
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn none() -> Self {
        Self(None)
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Ack(pending)" } else { "Ack(none)" })
    }
}

/// One message's place in the order of acknowledgements of one connection.
pub(super) struct Token {
    pub(super) epoch: u64,
    pub(super) place: u64,
    pub(super) withheld: AtomicBool,
    /// Weak: a message somebody keeps must not keep the connection open.
    pub(super) actor: WeakUnboundedSender<Command>,
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(actor) = self.actor.upgrade() {
            // The actor is gone only when the connection is closed, and then there is nothing to acknowledge.
            let (epoch, place) = (self.epoch, self.place);
            let _ = actor.send(if *self.withheld.get_mut() {
                Command::Withhold { epoch, place }
            } else {
                Command::Acknowledge { epoch, place }
            });
        }
    }
}
