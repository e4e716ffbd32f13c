//! The published messages that have no outcome yet, in their order. Pure bookkeeping: no I/O.
//!
//! A message is waiting, then sent with a packet id, then acknowledged. It is kept until it is acknowledged. When a
//! connection is lost, sent messages are put back in front of the waiting ones, in the order of publishing.

use crate::shown::shown;
use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

use super::capabilities::Capabilities;
use super::error::PublishError;
use super::message::{Message, QoS};
use super::outcome::Published;
use super::packet_ids::PacketIds;
use super::pending_publish::PendingPublish;
use super::poison::{Blame, POISON};

/// All messages without outcome.
#[derive(Debug, Default)]
pub(super) struct Publishes {
    /// Cancels and the like: few, small, and not to wait behind a full queue.
    control: VecDeque<Box<PendingPublish>>,
    waiting: VecDeque<Box<PendingPublish>>,
    /// Sent and unacknowledged, by packet id, each with its place in the order of sending.
    sent: HashMap<u16, (u64, Box<PendingPublish>)>,
    /// Counts what was sent, to put it back in order.
    sendings: u64,
    /// No waiting message expires before.
    earliest: Option<Instant>,
}

impl Publishes {
    pub(super) fn is_empty(&self) -> bool {
        self.nothing_waits() && self.sent.is_empty()
    }

    /// Whether there is nothing to send.
    pub(super) fn nothing_waits(&self) -> bool {
        self.waiting.is_empty() && self.control.is_empty()
    }

    pub(super) fn push(&mut self, publish: Box<PendingPublish>) {
        self.note(publish.deadline);
        if publish.is_control { self.control.push_back(publish) } else { self.waiting.push_back(publish) }
    }

    fn note(&mut self, deadline: Option<Instant>) {
        self.earliest = match (self.earliest, deadline) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// When [`Publishes::expire`] is to be called; may be early.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.earliest
    }

    /// Fails the waiting messages whose time is up.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return;
        }
        self.earliest = None;
        for queue in [std::mem::take(&mut self.control), std::mem::take(&mut self.waiting)] {
            for publish in queue {
                if publish.expired(now) { publish.expire() } else { self.push(publish) }
            }
        }
    }

    /// Removes the waiting messages that nobody waits for any more.
    pub(super) fn sweep(&mut self) {
        self.control.retain(|publish| !publish.withdrawn());
        self.waiting.retain(|publish| !publish.withdrawn());
    }

    /// Takes the next message to send, where there is one and it fits into the window. What the broker excludes ends here.
    pub(super) fn next(&mut self, now: Instant, broker: &Capabilities) -> Option<Box<PendingPublish>> {
        let full = self.sent.len() >= broker.window;
        for queue in [&mut self.control, &mut self.waiting] {
            while let Some(front) = queue.front() {
                let refusal = front.refusal(now, broker);
                // One at QoS 0 needs no place in the window, but must not overtake; it waits in its turn.
                if refusal.is_none() && full && front.message.qos == QoS::AtLeastOnce {
                    break;
                }
                let publish = queue.pop_front()?;
                match refusal {
                    None => return Some(publish),
                    Some(refusal) => publish.refuse(refusal),
                }
            }
        }
        None
    }

    /// Whether a message that waits could be sent now.
    pub(super) fn has_room(&self, broker: &Capabilities) -> bool {
        let full = self.sent.len() >= broker.window;
        let mut fronts = [self.control.front(), self.waiting.front()].into_iter().flatten();
        fronts.any(|front| !full || front.message.qos == QoS::AtMostOnce)
    }

    /// Gives a message its packet id, 0 at QoS 0. Whether it was sent with this id before, in this session.
    pub(super) fn identify(
        &self,
        publish: &mut PendingPublish,
        ids: &mut PacketIds,
        also_taken: impl Fn(u16) -> bool,
    ) -> bool {
        let again = publish.packet != 0;
        if !again && publish.message.qos == QoS::AtLeastOnce {
            publish.packet = ids.next(|id| self.is_taken(id) || also_taken(id));
        }
        again
    }

    /// Notes that a message was sent.
    pub(super) fn sent(&mut self, mut publish: Box<PendingPublish>) {
        if publish.message.qos == QoS::AtMostOnce {
            return publish.resolve(Ok(Published { no_subscribers: false }));
        }
        publish.sent_before = true;
        self.sendings += 1;
        self.sent.insert(publish.packet, (self.sendings, publish));
    }

    /// Whether such a message is unacknowledged.
    pub(super) fn has_sent(&self, is: impl Fn(&Message) -> bool) -> bool {
        self.sent.values().any(|(_, publish)| is(&publish.message))
    }

    /// Whether a packet id is in use.
    pub(super) fn is_taken(&self, packet: u16) -> bool {
        // Those that are to be sent again stand in front.
        let again = |queue: &VecDeque<Box<PendingPublish>>| {
            queue.iter().take_while(|publish| publish.packet != 0).any(|publish| publish.packet == packet)
        };
        self.sent.contains_key(&packet) || again(&self.control) || again(&self.waiting)
    }

    /// Removes the message that was acknowledged.
    pub(super) fn acknowledged(&mut self, packet: u16) -> Option<Box<PendingPublish>> {
        self.sent.remove(&packet).map(|(_, publish)| publish)
    }

    /// Takes everything back after the connection was lost.
    pub(super) fn lost(&mut self, blame: Blame) {
        let mut sent: Vec<_> = std::mem::take(&mut self.sent).into_values().collect();
        sent.sort_unstable_by_key(|(order, _)| *order);
        let mut back: VecDeque<Box<PendingPublish>> = sent.into_iter().map(|(_, publish)| publish).collect();
        if let Some(oldest) = back.front_mut() {
            oldest.suspicion = oldest.suspicion.saturating_add(blame.weight());
        }
        if back.front().is_some_and(|oldest| oldest.suspicion >= POISON)
            && let Some(poison) = back.pop_front()
        {
            crate::log::error!(topic = %shown(&*poison.message.topic), "gave up a message: each connection ended before it was acknowledged");
            poison.resolve(Err(PublishError::Interrupted));
        }
        let (control, mut normal): (VecDeque<_>, VecDeque<_>) =
            back.into_iter().partition(|publish| publish.is_control);
        for publish in control.into_iter().rev() {
            self.control.push_front(publish);
        }
        normal.append(&mut self.waiting);
        self.waiting = normal;
        self.earliest = None;
        let deadlines: Vec<_> =
            self.control.iter().chain(&self.waiting).map(|publish| publish.deadline).collect();
        deadlines.into_iter().for_each(|deadline| self.note(deadline));
    }

    /// Arranges what was sent before for a new connection: in a session that goes on it keeps its packet ids and is marked
    /// as sent again; otherwise it is sent as new.
    pub(super) fn resume(&mut self, session_present: bool) {
        if !session_present {
            self.control.iter_mut().chain(&mut self.waiting).for_each(|publish| publish.packet = 0);
        }
    }

    /// Fails everything: the connection is closed.
    pub(super) fn fail(&mut self) {
        self.lost(Blame::None);
        for publish in self.control.drain(..).chain(self.waiting.drain(..)) {
            let error = if publish.sent_before { PublishError::Interrupted } else { PublishError::Closed };
            publish.resolve(Err(error));
        }
    }
}

#[cfg(test)]
mod tests;
