//! What is on its way out: waiting to be sent, handed to the client library, or sent and not acknowledged.
//!
//! The library does not say which acknowledgement belongs to which publish. It does take them in order and tell the
//! packet id of each, so: a message is *waiting*, then *handed* over in order, then *in flight* under its packet id.
//! After a lost connection everything that is not acknowledged comes back here, in its own order.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use rumqttc::v5::mqttbytes::v5::{PubAckReason, Publish, PublishProperties};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::convert::{published, size, to_wire};
use super::error::PublishError;
use super::message::{Message, Published};

pub(super) type Outcome = Result<Published, PublishError>;

/// After so many connections that broke off with a message in flight, it is the message that breaks them.
const MOST_INTERRUPTIONS: u8 = 3;

/// Who waits for a message's outcome.
#[derive(Debug)]
pub(super) struct Waiter {
    seq: u64,
    topic: String,
    reply: oneshot::Sender<Outcome>,
    /// Whether the message goes unsent when nobody waits any more.
    withdrawable: bool,
    interruptions: u8,
    expires: Option<Instant>,
    // The message's place in the queue, given back with its outcome.
    _place: OwnedSemaphorePermit,
}

impl Waiter {
    fn end(self, outcome: Outcome) {
        let detached = !self.withdrawable;
        let unheard = self.reply.send(outcome);
        if let (true, Err(Err(error))) = (detached, unheard) {
            tracing::warn!(topic = self.topic, %error, "a message was not published");
        }
    }
}

/// A message that waits.
#[derive(Debug)]
pub(super) struct Entry {
    waiter: Waiter,
    payload: Bytes,
    retain: bool,
    properties: PublishProperties,
    size: usize,
}

/// A message as the client library takes it.
pub(super) struct Ready {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    pub(super) retain: bool,
    pub(super) properties: PublishProperties,
}

/// What is on its way out.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    next_seq: u64,
    waiting: VecDeque<Entry>,
    handed: VecDeque<Waiter>,
    in_flight: HashMap<u16, Waiter>,
    /// Sent on an earlier connection and not acknowledged there: to be sent again under the same packet id if the
    /// broker has kept the session.
    interrupted: Vec<(Publish, Waiter)>,
}

impl Outbox {
    pub(super) fn push(
        &mut self,
        message: Message,
        reply: oneshot::Sender<Outcome>,
        withdrawable: bool,
        place: OwnedSemaphorePermit,
    ) {
        let size = size(&message);
        let Message { topic, payload, retain, properties } = message;
        let expires = properties.expiry.and_then(|after| Instant::now().checked_add(after));
        let seq = self.next_seq;
        self.next_seq += 1;
        let waiter = Waiter { seq, topic, reply, withdrawable, interruptions: 0, expires, _place: place };
        let properties = to_wire(properties);
        self.waiting.push_back(Entry { waiter, payload, retain, properties, size });
    }

    /// How many are with the client library or unacknowledged.
    pub(super) fn under_way(&self) -> usize {
        self.handed.len() + self.in_flight.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.interrupted.is_empty() && self.under_way() == 0
    }

    /// The next message to hand over. Those that are withdrawn, expired or too large are ended on the way.
    pub(super) fn next(&mut self, limit: usize) -> Option<Ready> {
        loop {
            let Entry { waiter, payload, retain, mut properties, size } = self.waiting.pop_front()?;
            if waiter.withdrawable && waiter.reply.is_closed() {
                continue;
            }
            if size > limit {
                waiter.end(Err(PublishError::TooLarge { size, limit }));
                continue;
            }
            if let Some(expires) = waiter.expires {
                let left = expires.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    waiter.end(Err(PublishError::Expired));
                    continue;
                }
                properties.message_expiry_interval = Some(super::convert::seconds(left));
            }
            let topic = waiter.topic.clone();
            self.handed.push_back(waiter);
            return Some(Ready { topic, payload, retain, properties });
        }
    }

    /// Takes back the message that was handed over last: the client library had no room after all.
    pub(super) fn take_back(&mut self, ready: Ready) {
        if let Some(waiter) = self.handed.pop_back() {
            let Ready { payload, retain, properties, .. } = ready;
            self.waiting.push_front(Entry { waiter, payload, retain, properties, size: 0 });
        }
    }

    /// The client library has sent one, under a packet id.
    pub(super) fn sent(&mut self, packet_id: u16) {
        if self.in_flight.contains_key(&packet_id) {
            // Sent once more, on a new connection.
            return;
        }
        if let Some(waiter) = self.handed.pop_front() {
            self.in_flight.insert(packet_id, waiter);
        }
    }

    pub(super) fn acknowledged(&mut self, packet_id: u16, reason: PubAckReason) {
        if let Some(waiter) = self.in_flight.remove(&packet_id) {
            let outcome = published(&waiter.topic, reason);
            waiter.end(outcome);
        }
    }

    /// The connection is lost. `unsent` and `unacknowledged` are what the client library still holds, the former in the
    /// order in which it was handed over.
    pub(super) fn interrupted(&mut self, unacknowledged: Vec<Publish>, unsent: Vec<Publish>) {
        for publish in unacknowledged {
            let Some(mut waiter) = self.in_flight.remove(&publish.pkid) else { continue };
            waiter.interruptions += 1;
            if waiter.interruptions >= MOST_INTERRUPTIONS {
                let topic = waiter.topic.clone();
                waiter.end(Err(PublishError::Interrupted { topic }));
            } else {
                self.interrupted.push((publish, waiter));
            }
        }
        // What is left has no message that could be sent again: acknowledged and not reported, which cannot be told
        // from lost.
        for (_, waiter) in self.in_flight.drain() {
            let topic = waiter.topic.clone();
            waiter.end(Err(PublishError::Interrupted { topic }));
        }
        let mut back: Vec<_> = unsent.into_iter().map_while(|publish| Some((publish, self.handed.pop_front()?))).collect();
        for waiter in self.handed.drain(..) {
            let topic = waiter.topic.clone();
            waiter.end(Err(PublishError::Interrupted { topic }));
        }
        while let Some((publish, waiter)) = back.pop() {
            self.waiting.push_front(entry(publish, waiter));
        }
        self.interrupted.sort_by_key(|(_, waiter)| waiter.seq);
    }

    /// A new connection is up. Gives what is to be sent again under its packet id, in order; where the broker has not
    /// kept the session it is sent anew instead, before all else.
    pub(super) fn resumed(&mut self, session_present: bool) -> Vec<Publish> {
        let interrupted = std::mem::take(&mut self.interrupted);
        if !session_present {
            for (publish, waiter) in interrupted.into_iter().rev() {
                self.waiting.push_front(entry(publish, waiter));
            }
            return Vec::new();
        }
        let again = interrupted.into_iter().map(|(mut publish, waiter)| {
            publish.dup = true;
            self.in_flight.insert(publish.pkid, waiter);
            publish
        });
        again.collect()
    }

    /// The connection has ended for good.
    pub(super) fn close(&mut self) {
        let waiting = self.waiting.drain(..).map(|entry| entry.waiter);
        let interrupted = self.interrupted.drain(..).map(|(_, waiter)| waiter);
        let sent = self.handed.drain(..).chain(self.in_flight.drain().map(|(_, waiter)| waiter));
        for waiter in waiting.chain(interrupted).chain(sent) {
            waiter.end(Err(PublishError::Closed));
        }
    }
}

fn entry(publish: Publish, waiter: Waiter) -> Entry {
    let size = publish.size();
    let Publish { payload, retain, properties, .. } = publish;
    Entry { waiter, payload, retain, properties: properties.unwrap_or_default(), size }
}
