//! The published messages that have no outcome yet, in their order. Pure bookkeeping: no I/O, no client library.
//!
//! A message is waiting, then handed to the client library, then sent with a packet id, then acknowledged. It is
//! kept until it is acknowledged, so that nothing has to be got back from the client library when a connection is
//! lost: what was handed over or sent goes back in front of what waits, in the order of publishing.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::blame::{Blame, POISON};
use super::entry::Entry;
use super::error::PublishError;
use super::message::{Message, QoS};
use super::receipt::Published;

/// The book-keeping disagrees with the client library; only a new connection helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfStep;

/// All messages without outcome.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    waiting: VecDeque<Box<Entry>>,
    /// Handed to the client library, which reports them as sent in the same order.
    handed: VecDeque<Box<Entry>>,
    handed_at_least_once: usize,
    /// Sent and unacknowledged, by packet id, each with its place in the order of sending.
    sent: HashMap<u16, (u64, Box<Entry>)>,
    /// Counts what was sent, to put it back in order.
    sendings: u64,
    /// No waiting message expires before.
    earliest: Option<Instant>,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.handed.is_empty() && self.sent.is_empty()
    }

    /// Whether there is nothing to hand over.
    pub(super) fn nothing_waits(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many messages are unacknowledged, or will be as soon as the client library sends them.
    pub(super) fn in_flight(&self) -> usize {
        self.handed_at_least_once + self.sent.len()
    }

    pub(super) fn push(&mut self, entry: Box<Entry>) {
        self.note(entry.deadline);
        self.waiting.push_back(entry);
    }

    fn note(&mut self, deadline: Option<Instant>) {
        self.earliest = match (self.earliest, deadline) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// When [`Outgoing::expire`] is to be called; may be early.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.earliest
    }

    /// Fails the waiting messages whose time is up.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return;
        }
        self.earliest = None;
        let waiting = std::mem::take(&mut self.waiting);
        for entry in waiting {
            if entry.expired(now) {
                entry.expire();
            } else {
                self.push(entry);
            }
        }
    }

    /// Removes the waiting messages that nobody waits for any more.
    pub(super) fn sweep(&mut self) {
        self.waiting.retain(|entry| !entry.withdrawn());
    }

    /// The next message to hand over, where there is one and it fits into the window.
    pub(super) fn next(&mut self, now: Instant, window: usize, limit: usize) -> Option<&Entry> {
        loop {
            let front = self.waiting.front()?;
            if !(front.withdrawn() || front.expired(now) || front.size > limit) {
                break;
            }
            let entry = self.waiting.pop_front()?;
            if entry.size > limit {
                let size = entry.size;
                entry.resolve(Err(PublishError::TooLarge { size, limit }));
            } else if entry.expired(now) {
                entry.expire();
            }
        }
        let full = self.in_flight() >= window;
        // One at QoS 0 needs no place in the window, but must not overtake; it waits in its turn.
        self.waiting
            .front()
            .filter(|front| !full || front.message.qos == QoS::AtMostOnce)
            .map(|front| &**front)
    }

    /// Notes that the message of [`Outgoing::next`] was handed over.
    pub(super) fn handed(&mut self) {
        if let Some(entry) = self.waiting.pop_front() {
            self.handed_at_least_once += usize::from(entry.message.qos == QoS::AtLeastOnce);
            self.handed.push_back(entry);
        }
    }

    /// Notes that the client library sent a publish with this packet id, 0 for QoS 0.
    pub(super) fn sent(&mut self, packet: u16) -> Result<(), OutOfStep> {
        if packet != 0 && self.sent.contains_key(&packet) {
            // A repetition; it was entered when it was arranged.
            return Ok(());
        }
        let mut entry = self.handed.pop_front().ok_or(OutOfStep)?;
        match (entry.message.qos, packet) {
            (QoS::AtMostOnce, 0) => entry.resolve(Ok(Published { no_subscribers: false })),
            (QoS::AtLeastOnce, 1..) => {
                self.handed_at_least_once -= 1;
                entry.packet = packet;
                entry.sent_before = true;
                self.enter(packet, entry);
            }
            _ => {
                self.handed.push_front(entry);
                return Err(OutOfStep);
            }
        }
        Ok(())
    }

    fn enter(&mut self, packet: u16, entry: Box<Entry>) {
        self.sendings += 1;
        self.sent.insert(packet, (self.sendings, entry));
    }

    /// Removes the message that was acknowledged.
    pub(super) fn acknowledged(&mut self, packet: u16) -> Option<Box<Entry>> {
        self.sent.remove(&packet).map(|(_, entry)| entry)
    }

    /// Takes everything back after the connection was lost.
    pub(super) fn lost(&mut self, blame: Blame) {
        let mut sent: Vec<_> = std::mem::take(&mut self.sent).into_values().collect();
        sent.sort_unstable_by_key(|(order, _)| *order);
        let mut back: VecDeque<Box<Entry>> = sent.into_iter().map(|(_, entry)| entry).collect();
        if let Some(oldest) = back.front_mut() {
            oldest.suspicion = oldest.suspicion.saturating_add(blame.weight());
        }
        if back.front().is_some_and(|oldest| oldest.suspicion >= POISON)
            && let Some(poison) = back.pop_front()
        {
            tracing::error!(
                topic = &*poison.message.topic,
                size = poison.size,
                "given up a message whose acknowledgement ended the connection again and again"
            );
            poison.resolve(Err(PublishError::Interrupted));
        }
        back.append(&mut self.handed);
        self.handed_at_least_once = 0;
        back.append(&mut self.waiting);
        self.waiting = back;
        self.earliest = None;
        let deadlines: Vec<_> = self.waiting.iter().map(|entry| entry.deadline).collect();
        deadlines.into_iter().for_each(|deadline| self.note(deadline));
    }

    /// Arranges what was sent before for a new connection: in a session that goes on it keeps its packet ids and is
    /// returned in order, to be repeated before everything else; otherwise it is sent as new.
    pub(super) fn resume(
        &mut self,
        session_present: bool,
        now: Instant,
        window: usize,
        limit: usize,
    ) -> Vec<(u16, Message, Option<Duration>)> {
        let before = self.waiting.iter().filter(|entry| entry.packet != 0).count();
        // More than the broker takes at once can't be repeated in one go; the window then has to pace them.
        if !session_present || before > window {
            self.waiting.iter_mut().for_each(|entry| entry.packet = 0);
            return Vec::new();
        }
        let mut repeat = Vec::with_capacity(before);
        for entry in std::mem::take(&mut self.waiting) {
            if entry.packet == 0 || entry.size > limit {
                self.waiting.push_back(entry);
            } else if entry.expired(now) {
                entry.expire();
            } else {
                repeat.push((entry.packet, entry.message.clone(), entry.left(now)));
                self.enter(entry.packet, entry);
            }
        }
        repeat
    }

    /// Fails everything: the connection is closed.
    pub(super) fn fail(&mut self) {
        self.lost(Blame::None);
        for entry in std::mem::take(&mut self.waiting) {
            let error = if entry.sent_before { PublishError::Interrupted } else { PublishError::Closed };
            entry.resolve(Err(error));
        }
    }
}

#[cfg(test)]
mod tests;
