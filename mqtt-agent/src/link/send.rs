//! Writes waiting packets to the connection's write buffer.

use tokio::time::Instant;

use super::actor::{Actor, ROUND};
use super::codec::encode;
use super::packets;
use super::phase::Phase;
use super::subscriptions::Request;
use super::wire::Wire;

/// No more messages are encoded while so much is unsent. A larger message is encoded when there is less.
const ENOUGH: usize = 256 * 1024;

impl Actor {
    /// Encodes what may be sent now. Subscriptions go first, so that no answer to what is published next is missed; then
    /// publishes; acknowledgements last, so that an answer is with the broker before its question is acknowledged.
    pub(super) fn pump(&mut self, wire: &mut Wire) {
        if self.is_leaving() {
            return;
        }
        while wire.unsent.len() < ENOUGH
            && let Some(request) = self.subscriptions.next(&self.broker)
        {
            let Self { ids, subscriptions, publishes, .. } = self;
            let packet = ids.next(|id| subscriptions.is_taken(id) || publishes.is_taken(id));
            match &request {
                Request::Subscribe { filter, identifier, .. } => {
                    let identifier = self.broker.identifiers().then_some(*identifier);
                    packets::subscribe(packet, filter);
                    encode::subscribe(&mut wire.unsent, packet, filter, identifier);
                }
                Request::Unsubscribe { filter, .. } => {
                    packets::unsubscribe(packet, filter);
                    encode::unsubscribe(&mut wire.unsent, packet, filter);
                }
            }
            self.subscriptions.sent(packet, request);
        }
        if !self.publishes.nothing_waits() {
            self.publish(wire);
        }
        if self.hold.until().is_some() && !wire.has_unsent() {
            return;
        }
        self.acknowledge_all(wire);
        self.hold.wrote();
    }

    /// Encodes the acknowledgements that are due.
    pub(super) fn acknowledge_all(&mut self, wire: &mut Wire) {
        let now = Instant::now();
        while let Some(packet) = self.acks.next(now) {
            packets::puback(packet);
            encode::puback(&mut wire.unsent, packet, 0);
        }
    }

    fn publish(&mut self, wire: &mut Wire) {
        let now = Instant::now();
        for _ in 0..ROUND * 2 {
            if wire.unsent.len() >= ENOUGH {
                return;
            }
            let Some(mut publish) = self.publishes.next(now, &self.broker) else { return };
            let Self { ids, subscriptions, publishes, .. } = self;
            let again = publishes.identify(&mut publish, ids, |id| subscriptions.is_taken(id));
            packets::publish(&publish.message, publish.packet, again);
            encode::publish(&mut wire.unsent, &publish.message, publish.packet, again, publish.left(now));
            self.publishes.sent(publish);
        }
    }

    /// Whether a waiting publish could be sent now.
    pub(super) fn has_room(&self) -> bool {
        self.publishes.has_room(&self.broker)
    }

    /// Whether nothing is sent any more but the goodbye.
    pub(super) fn is_leaving(&self) -> bool {
        self.closing.is_some_and(|closing| closing.phase != Phase::Draining)
    }
}
