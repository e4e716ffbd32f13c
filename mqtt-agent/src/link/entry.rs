//! One published message that has no outcome yet.

use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::error::PublishError;
use super::message::Message;
use super::receipt::Outcome;
use super::size;

/// A message without outcome.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) message: Message,
    pub(super) deadline: Option<Instant>,
    pub(super) size: usize,
    outcome: oneshot::Sender<Outcome>,
    /// Whether it is withdrawn when nobody waits for its outcome any more.
    withdraw: bool,
    /// Frees its place in the queue when the entry is gone.
    permit: OwnedSemaphorePermit,
    /// The packet id it was sent with; 0 when it wasn't, or when the session that knew it is gone.
    pub(super) packet: u16,
    /// Whether it ever was.
    pub(super) sent_before: bool,
    pub(super) suspicion: u8,
}

impl Entry {
    pub(super) fn new(
        message: Message,
        outcome: oneshot::Sender<Outcome>,
        withdraw: bool,
        permit: OwnedSemaphorePermit,
    ) -> Box<Self> {
        let deadline = message.properties.expiry.and_then(|expiry| Instant::now().checked_add(expiry));
        let size = size::publish(&message);
        Box::new(Self {
            message,
            deadline,
            size,
            outcome,
            withdraw,
            permit,
            packet: 0,
            sent_before: false,
            suspicion: 0,
        })
    }

    /// What is left of its expiry.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(now))
    }

    pub(super) fn withdrawn(&self) -> bool {
        self.withdraw && !self.sent_before && self.outcome.is_closed()
    }

    pub(super) fn expired(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    pub(super) fn expire(self: Box<Self>) {
        // One that was sent may have arrived.
        let error = if self.sent_before { PublishError::Interrupted } else { PublishError::Expired };
        self.resolve(Err(error));
    }

    /// Reports the outcome; a failure that nobody waits for is logged.
    pub(super) fn resolve(self: Box<Self>, outcome: Outcome) {
        let Self { message, outcome: sender, withdraw, permit, .. } = *self;
        // First, so that whoever learns the outcome finds the place free.
        drop(permit);
        if let Err(Err(error)) = sender.send(outcome)
            && !withdraw
        {
            tracing::warn!(topic = &*message.topic, %error, "a message was not published");
        }
    }
}
