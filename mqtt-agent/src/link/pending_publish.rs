//! One published message that has no outcome yet.

use crate::log_rate::limited;
use crate::shown::shown;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::capabilities::Capabilities;
use super::error::{PublishError, SizeLimit};
use super::message::Message;
use super::outcome::{Outcome, Waiter};
use super::size;

/// A message without outcome.
#[derive(Debug)]
pub(super) struct PendingPublish {
    pub(super) message: Message,
    pub(super) deadline: Option<Instant>,
    pub(super) size: usize,
    waiter: Waiter,
    /// Whether it is withdrawn when nobody waits for its outcome any more.
    withdraw: bool,
    /// Frees its place in the queue when it is gone; a control message has none.
    permit: Option<OwnedSemaphorePermit>,
    pub(super) is_control: bool,
    /// The packet id it was sent with; 0 when it wasn't, or when the session that knew it is gone.
    pub(super) packet: u16,
    /// Whether it ever was sent.
    pub(super) sent_before: bool,
    pub(super) suspicion: u8,
}

/// Why a waiting message is not sent.
#[derive(Debug)]
pub(super) enum Refusal {
    Withdrawn,
    Expired,
    Error(PublishError),
}

impl PendingPublish {
    pub(super) fn new(
        message: Message,
        waiter: Waiter,
        withdraw: bool,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Box<Self> {
        let deadline = message.properties.expiry.and_then(|expiry| Instant::now().checked_add(expiry));
        let size = size::publish(&message);
        let is_control = permit.is_none();
        Box::new(Self {
            message,
            deadline,
            size,
            waiter,
            withdraw,
            permit,
            is_control,
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
        self.withdraw && !self.sent_before && self.waiter.is_gone()
    }

    pub(super) fn expired(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Why it may not be sent, if so.
    pub(super) fn refusal(&self, now: Instant, broker: &Capabilities) -> Option<Refusal> {
        let (size, limit) = (self.size, broker.limit);
        if self.withdrawn() {
            Some(Refusal::Withdrawn)
        } else if self.expired(now) {
            Some(Refusal::Expired)
        } else if size > limit {
            Some(Refusal::Error(PublishError::TooLarge { size, limit, of: SizeLimit::Broker }))
        } else {
            let topic = || self.message.topic.to_string();
            let lacking = broker.lacks_for_message(&self.message);
            lacking.map(|feature| Refusal::Error(PublishError::Unsupported { topic: topic(), feature }))
        }
    }

    pub(super) fn refuse(self: Box<Self>, refusal: Refusal) {
        match refusal {
            Refusal::Withdrawn => {}
            Refusal::Expired => self.expire(),
            Refusal::Error(error) => self.resolve(Err(error)),
        }
    }

    pub(super) fn expire(self: Box<Self>) {
        // One that was sent may have arrived.
        let error = if self.sent_before { PublishError::Interrupted } else { PublishError::Expired };
        self.resolve(Err(error));
    }

    /// Reports the outcome; a failure that nobody waits for is logged.
    pub(super) fn resolve(self: Box<Self>, outcome: Outcome) {
        let Self { message, waiter, withdraw, permit, .. } = *self;
        // First, so that the place is free when the outcome is known.
        drop(permit);
        if let Some(error) = waiter.tell(outcome)
            && !withdraw
        {
            limited!(warn, "failed to publish a message", topic = %shown(&*message.topic), %error);
        }
    }
}
