//! Handles the broker's packets.

use crate::log_rate::limited;
use crate::shown::shown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::ack::{Ack, Settlement};
use super::actor::{Actor, ROUND};
use super::capabilities::Capabilities;
use super::codec::{ConnAck, Identifiers, Malformed, Packet, PubAck, Publish};
use super::copies;
use super::disconnect::Ended;
use super::inbound::{Inbound, MessageHandler};
use super::left;
use super::message::QoS;
use super::parked::ParkedMessage;
use super::state::ConnectionState;
use super::subscriptions::Identified;
use super::verdict;
use super::wire::Wire;

impl Actor {
    /// The broker accepted the connection.
    pub(super) fn connected(&mut self, ack: &ConnAck) {
        let now = Instant::now();
        self.epoch += 1;
        self.resumed |= self.epoch == 1 && ack.session_present;
        if !ack.session_present {
            self.shared.sessions.fetch_add(1, Ordering::AcqRel);
        }
        self.connected_at = Some(now);
        self.attempt = 1;
        self.broker = Capabilities::of(ack, self.options.window, self.shown);
        self.shared.limit.store(self.broker.limit, Ordering::Relaxed);
        self.keep_alive = match ack.server_keep_alive {
            // The broker doesn't watch us; our pings are for watching it.
            None | Some(0) => self.options.keep_alive,
            // Ours, where it is shorter: it is also how soon a dead peer is noticed.
            Some(seconds) => Duration::from_secs(seconds.into()).min(self.options.keep_alive),
        };
        (self.heard, self.written, self.pinged, self.stuck_since) = (now, now, false, None);
        self.shared.note_heard(now.into_std());
        self.publishes.resume(ack.session_present);
        self.acks.reset(self.epoch);
        self.copies.reset();
        self.held.clear();
        self.subscriptions.resume(ack.session_present);
        // From now on it is this process's own session.
        self.clean_start = false;
        self.is_connected = true;

        crate::log::info!(
            epoch = self.epoch,
            session_present = ack.session_present,
            "connected to the broker"
        );
        self.shared.failure.send_replace(None);
        self.shared.state.send_replace(ConnectionState::Connected {
            epoch: self.epoch,
            session_present: ack.session_present,
            since: std::time::Instant::now(),
        });
    }

    /// Looks at the packets that are there, so many at most; whether more may be there.
    pub(super) fn receive_all(&mut self, wire: &mut Wire) -> Result<bool, Ended> {
        let mut heard = wire.progressed();
        let mut more = true;
        // One look at the clock for all packets of a round.
        let now = Instant::now();
        self.round_began = now.into_std();
        for _ in 0..ROUND {
            match wire.next() {
                Ok(Some(packet)) => {
                    heard = true;
                    self.packet(packet)?;
                }
                Ok(None) => {
                    more = false;
                    break;
                }
                Err(malformed) => return Err(Ended::malformed(malformed)),
            }
        }
        if heard {
            self.heard = now;
            self.shared.note_heard(self.round_began);
        }
        Ok(more)
    }

    /// Looks at everything that came before the stream ended; what that says of the end.
    pub(super) fn receive_rest(&mut self, wire: &mut Wire) -> Option<Ended> {
        loop {
            match self.receive_all(wire) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(ended) => return Some(ended),
            }
        }
    }

    fn packet(&mut self, packet: Packet) -> Result<(), Ended> {
        let protocol = |what| Err(Ended::malformed(Malformed { reason: 0x82, what }));
        match packet {
            Packet::Publish(publish) => self.received(publish),
            Packet::PubAck(ack) => return self.acknowledged(&ack),
            Packet::SubAck(ack) => {
                if !self.subscriptions.subscribed(
                    ack.packet,
                    ack.reasons.as_slice(),
                    ack.reason_string.as_deref(),
                ) {
                    return protocol("a SUBACK for nothing that was subscribed to");
                }
            }
            Packet::UnsubAck(ack) => {
                if !self.subscriptions.unsubscribed(ack.packet) {
                    return protocol("an UNSUBACK for nothing that was unsubscribed from");
                }
            }
            Packet::PingResp => {
                self.pinged = false;
                self.acks.ponged();
            }
            Packet::ConnAck(_) => return protocol("a second CONNACK"),
            Packet::Disconnect(packet) => {
                if self.may_have_caused(packet.reason) && self.shown.learn(packet.reason) {
                    self.broker.learn(self.shown);
                    self.subscriptions.lacking(&self.broker);
                }
                return Err(Ended::disconnected(&packet));
            }
        }
        Ok(())
    }

    /// Whether something is unanswered that the broker may have hung up at with this reason.
    fn may_have_caused(&self, reason: u8) -> bool {
        match reason {
            0x9a => self.publishes.has_sent(|message| message.retain),
            0x9b => self.publishes.has_sent(|_| true) || self.subscriptions.asks(|_| true),
            0x9e => self.subscriptions.asks(|filter| filter.starts_with("$share/")),
            0xa1 => self.broker.identifiers() && self.subscriptions.asks(|_| true),
            0xa2 => self.subscriptions.asks(|filter| filter.contains(['+', '#'])),
            _ => false,
        }
    }

    fn acknowledged(&mut self, ack: &PubAck) -> Result<(), Ended> {
        let Some(publish) = self.publishes.acknowledged(ack.packet) else {
            return Err(Ended::malformed(Malformed {
                reason: 0x82,
                what: "a PUBACK for nothing that was published",
            }));
        };
        let outcome = verdict::published(&publish.message.topic, ack.reason, ack.reason_string.as_deref());
        publish.resolve(outcome);
        Ok(())
    }

    /// Hands a message to everybody who subscribes to it.
    fn received(&mut self, publish: Publish) {
        if self.is_leaving() {
            // Too late to be acknowledged; the session keeps it.
            return;
        }
        let is_awaited = publish.qos == QoS::AtLeastOnce;
        if !publish.is_valid {
            // Never the end of the connection: the broker would deliver it again for ever.
            let topic = String::from_utf8_lossy(&publish.topic);
            limited!(warn, "refused a message with a property that is no valid text", topic = %shown(&*topic));
            if is_awaited {
                self.acks.received(publish.packet, 0, 0);
            }
            return;
        }
        let alike = !self.broker.identifiers();
        let Publish { topic, qos, packet, payload, retain, properties, identifiers, dup, .. } = publish;
        let received = self.round_began;
        let is_identified = identifiers.iter().next().is_some();
        let mut inbound = Inbound {
            topic,
            payload,
            qos,
            retain,
            received,
            is_again: dup,
            is_poison: false,
            is_identified,
            properties,
        };
        // A message that is taken in memory can do without.
        let print = if is_awaited && !self.left.is_empty() { left::print(&inbound) } else { 0 };
        inbound.is_poison = is_awaited && self.left.is_poison(print);
        let place = is_awaited.then(|| self.acks.received(packet, print, 1));
        if alike && self.subscriptions.is_settled() {
            let (whole, now) = (left::whole_print(&inbound), Instant::now());
            if !self.copies.continues(whole, now) {
                self.decide_copies();
            }
            let filters = self.subscriptions.count(inbound.topic());
            match self.copies.see(whole, filters, now) {
                copies::Verdict::Deliver => {}
                copies::Verdict::Drop => {
                    // So those before it were copies as well.
                    for (_, held) in std::mem::take(&mut self.held) {
                        self.acknowledge(held);
                    }
                    return self.acknowledge(place);
                }
                copies::Verdict::Hold => return self.held.push((inbound, place)),
            }
        }
        let is_kept = place.is_some() && self.may_be_left();
        // A retained message answers a SUBSCRIBE. Where its identifier is missing, and one of this process's filters
        // matches, it answers that one: whoever waits for it does so before everything is subscribed.
        let by_topic = !is_kept || (inbound.retain && !is_identified);
        let Some((inbound, identified)) = self.deliver(inbound, &identifiers, place, by_topic) else {
            return;
        };
        if identified == Identified::Known {
            crate::log::debug!(topic = %shown(inbound.topic()), "dropped a message for a subscription that has ended");
            return self.acknowledge(place);
        }
        match place.filter(|_| is_kept) {
            None => self.hand_over_unclaimed(inbound, place),
            Some(place) => {
                if let Err(message) =
                    self.parked.push(ParkedMessage { inbound: inbound.detached(), identifiers, place })
                {
                    let topic = message.inbound.topic();
                    limited!(warn, "left a message to the session: too much is parked", topic = %shown(topic));
                    self.acks.share(place, 1, left::print(&message.inbound), None);
                    self.settle(Settlement::left(self.epoch, place));
                }
            }
        }
    }

    /// Whether messages may come for subscriptions that an earlier process made and this one hasn't made yet.
    fn may_be_left(&self) -> bool {
        self.resumed && !self.parked.is_over
    }

    /// Gives the message back when nobody subscribes to it, and says whether its subscriptions are known.
    fn deliver(
        &mut self,
        inbound: Inbound,
        identifiers: &Identifiers,
        place: Option<u64>,
        by_topic: bool,
    ) -> Option<(Inbound, Identified)> {
        let mut found = std::mem::take(&mut self.found);
        let identified = self.subscriptions.find(inbound.topic(), identifiers, by_topic, &mut found);
        let parties = found.iter().filter(|handler| handler.acknowledges()).count();
        if let Some(place) = place.filter(|_| !found.is_empty()) {
            let print = if parties > 0 { left::print(&inbound) } else { 0 };
            let longest = |longest: Duration, handler: &MessageHandler| {
                handler.acknowledged_after().map(|after| longest.max(after))
            };
            let after = found.iter().try_fold(Duration::ZERO, longest).filter(|_| parties > 0);
            let soon = after.map(|after| (self.round_began + after).into());
            self.acks.share(place, u32::try_from(parties).unwrap_or(u32::MAX), print, soon);
        }
        let last = found.pop();
        for handler in found.drain(..) {
            self.hand_over(&handler, inbound.clone(), place);
        }
        self.found = found;
        let Some(handler) = last else { return Some((inbound, identified)) };
        self.hand_over(&handler, inbound, place);
        None
    }

    /// Runs a subscriber's code. Its panic is its own affair and must not end the connection.
    fn hand_over(&mut self, handler: &MessageHandler, inbound: Inbound, place: Option<u64>) {
        // At QoS 0 nothing is acknowledged, and nobody has to say anything.
        self.hold.handed(place.is_some() && !matches!(handler, MessageHandler::InMemory(_)));
        if matches!(handler, MessageHandler::Awaited(_)) {
            // Before it can be read, on whichever thread.
            self.shared.holds.store(true, Ordering::Relaxed);
        }
        let done = catch_unwind(AssertUnwindSafe(|| match handler {
            MessageHandler::InMemory(take) | MessageHandler::Awaited(take) => take(inbound),
            MessageHandler::Acknowledging(take) | MessageHandler::AcknowledgingSoon(_, take) => {
                let settle = || self.settle.clone();
                take(inbound, place.map_or_else(Ack::none, |place| Ack::new(self.epoch, place, settle())));
            }
        }));
        if done.is_err() {
            limited!(error, "a subscriber panicked at a message");
        }
    }

    /// Delivers the messages that were no copies after all.
    pub(super) fn decide_copies(&mut self) {
        let deliver = self.copies.decide();
        for (inbound, place) in std::mem::take(&mut self.held) {
            if !deliver || self.deliver(inbound, &Identifiers::default(), place, true).is_some() {
                self.acknowledge(place);
            }
        }
    }

    fn acknowledge(&mut self, place: Option<u64>) {
        if let Some(place) = place {
            self.settle(Settlement::done(self.epoch, place));
        }
    }

    /// Notes what somebody said of a message.
    pub(super) fn settle(&mut self, settlement: Settlement) {
        let Settlement { epoch, place, left, arrived } = settlement;
        if let Some(arrived) = arrived {
            self.acks.tell(epoch, place, arrived);
        }
        if let Some(print) = self.acks.settle(epoch, place, left, Instant::now())
            && self.left.note(print, epoch)
        {
            crate::log::error!("gave up a message that was left to the session again and again");
            self.acks.give_up(place);
        }
    }

    /// Tries the parked messages again after a subscription was added.
    pub(super) fn unpark(&mut self) {
        if self.parked.is_empty() {
            return;
        }
        for ParkedMessage { inbound, identifiers, place } in self.parked.take() {
            if let Some((inbound, _)) = self.deliver(inbound, &identifiers, Some(place), false) {
                // There was room before.
                let _ = self.parked.push(ParkedMessage { inbound, identifiers, place });
            }
        }
    }

    /// Everything is subscribed: what is still parked is for nobody.
    pub(super) fn ready(&mut self, unclaimed: Option<MessageHandler>) {
        self.parked.is_over = true;
        self.unclaimed = unclaimed;
        for ParkedMessage { inbound, identifiers, place } in self.parked.take() {
            if let Some((inbound, _)) = self.deliver(inbound, &identifiers, Some(place), true) {
                self.hand_over_unclaimed(inbound, Some(place));
            }
        }
    }

    fn hand_over_unclaimed(&mut self, inbound: Inbound, place: Option<u64>) {
        match self.unclaimed.clone() {
            Some(handler) => self.hand_over(&handler, inbound, place),
            None => {
                crate::log::debug!(topic = %shown(inbound.topic()), "dropped a message that nobody subscribes to")
            }
        }
        self.acknowledge(place);
    }
}
