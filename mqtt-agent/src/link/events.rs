//! What the client library's events mean, and what it is handed in return.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rumqttc::Outgoing as Sent;
use rumqttc::v5::mqttbytes::QoS as ClientQoS;
use rumqttc::v5::mqttbytes::v5::{ConnAck, Packet, PubAck, Publish, SubscribeProperties};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttState, Request as ClientRequest};
use tokio::time::Instant;

use super::actor::{Actor, HANG_UP, Phase};
use super::convert::{self, Received};
use super::inbound::{Ack, Inbound, Sink, Token};
use super::outgoing::OutOfStep;
use super::receipt::Published;
use super::state::ConnectionState;
use super::subscriptions::Request;

/// How long messages of an earlier process's session wait for somebody to subscribe to them.
const PARK: Duration = Duration::from_secs(10);

impl Actor {
    pub(super) fn event(
        &mut self,
        event: Event,
        client: &AsyncClient,
        events: &mut EventLoop,
    ) -> Result<(), OutOfStep> {
        match event {
            Event::Incoming(packet) => {
                self.heard = Instant::now();
                match packet {
                    Packet::ConnAck(ack) => self.connected(&ack, client, events),
                    Packet::Publish(publish) => self.received(publish),
                    Packet::PubAck(ack) => self.acknowledged(&ack, events),
                    Packet::SubAck(ack) => self.subscriptions.subscribed(ack.pkid, &ack.return_codes),
                    Packet::UnsubAck(ack) => self.subscriptions.unsubscribed(ack.pkid),
                    _ => {}
                }
            }
            Event::Outgoing(Sent::Publish(packet)) => self.outgoing.sent(packet)?,
            Event::Outgoing(Sent::Subscribe(packet) | Sent::Unsubscribe(packet)) => {
                self.subscriptions.sent(packet)?;
            }
            Event::Outgoing(Sent::Disconnect) => {
                if let Some(closing) = &mut self.closing {
                    closing.phase = Phase::Left;
                    closing.deadline = Instant::now() + HANG_UP;
                }
            }
            Event::Outgoing(_) => {}
        }
        Ok(())
    }

    /// The broker accepted the connection.
    fn connected(&mut self, ack: &ConnAck, client: &AsyncClient, events: &mut EventLoop) {
        let now = Instant::now();
        let properties = ack.properties.as_ref();
        self.epoch += 1;
        if !ack.session_present {
            self.shared.sessions.fetch_add(1, Ordering::AcqRel);
        }
        self.connected_at = Some(now);
        self.attempt = 1;

        let limit = properties.and_then(|properties| properties.max_packet_size);
        self.limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        self.identifiers =
            properties.is_none_or(|properties| properties.subscription_identifiers_available != Some(0));
        self.shared.limit.store(self.limit, Ordering::Relaxed);
        let receive_maximum = properties.and_then(|properties| properties.receive_max).unwrap_or(u16::MAX);
        self.window = usize::from(self.given.window).min(usize::from(receive_maximum)).max(1);
        if properties.is_some_and(|properties| properties.server_keep_alive == Some(0)) {
            // Our own pings are then all there is, and the client library would send them without pause.
            events.options.set_keep_alive(self.given.keep_alive);
        }
        self.keep_alive = events.options.keep_alive();
        if properties.is_some_and(|properties| properties.max_qos == Some(0)) {
            tracing::error!("the broker offers QoS 0 only; use one that offers QoS 1");
        }

        // The client library stops sending anything, acknowledgements and subscriptions included, once as many
        // publishes are unacknowledged as the broker allows. Its state is exchanged before it sends the first packet,
        // so that it doesn't know that bound; ours is the window above. A session that goes on also goes on counting
        // packet ids, so that no new one equals one that is repeated.
        events.state = match self.carried.take() {
            Some(state) if ack.session_present => state,
            _ => MqttState::new(self.given.packet_ids(), true),
        };
        let repeat = self.outgoing.resume(ack.session_present, now, self.window, self.limit);
        events.pending = repeat
            .into_iter()
            .map(|(packet, message, left)| {
                ClientRequest::Publish(convert::repetition(&message, packet, left))
            })
            .collect();

        self.acks.reset(self.epoch);
        if self.epoch == 1 && ack.session_present {
            self.park_until = Some(now + PARK);
        }
        // From now on it is this process's own session.
        self.options.set_clean_start(false);
        self.client = Some(client.clone());
        self.subscriptions.resume(ack.session_present);
        // Subscriptions go first, so that no answer to what is published next is missed.
        self.pump();

        tracing::info!(epoch = self.epoch, session_present = ack.session_present, "connected to the broker");
        self.shared.failure.send_replace(None);
        self.shared.state.send_replace(ConnectionState::Connected {
            epoch: self.epoch,
            session_present: ack.session_present,
            since: std::time::Instant::now(),
        });
    }

    fn acknowledged(&mut self, ack: &PubAck, events: &mut EventLoop) {
        let verdict = self.outgoing.acknowledged(ack.pkid).map(|entry| {
            let verdict = convert::verdict(&entry.message.topic, ack.reason);
            let refused = verdict.is_err();
            entry.resolve(verdict.map(|subscribers| Published { no_subscribers: !subscribers }));
            refused
        });
        // Where a later publish waits for this packet id the client library sends it now, but forgets to after a refusal.
        if verdict == Some(true)
            && events.state.collision.as_ref().is_some_and(|waiting| waiting.pkid == ack.pkid)
            && let Some(waiting) = events.state.collision.take()
        {
            events.state.collision_ping_count = 0;
            events.pending.push_front(ClientRequest::Publish(waiting));
        }
    }

    /// Hands a message to everybody who subscribes to it.
    fn received(&mut self, publish: Publish) {
        if self.closing.is_some_and(|closing| closing.phase != Phase::Draining) {
            // Too late to be acknowledged; the session keeps it.
            return;
        }
        let ack = match publish.qos {
            ClientQoS::AtMostOnce => Ack::none(),
            ClientQoS::AtLeastOnce => {
                let (epoch, place) = (self.epoch, self.acks.received(publish.pkid));
                let withheld = AtomicBool::new(false);
                Ack(Some(Arc::new(Token { epoch, place, withheld, actor: self.own.clone() })))
            }
            ClientQoS::ExactlyOnce => {
                tracing::warn!("a message at QoS 2 was not asked for and is ignored");
                return;
            }
        };
        if std::str::from_utf8(&publish.topic).is_err() {
            tracing::warn!("a message whose topic is not UTF-8 is ignored");
            return;
        }
        let Received { payload, properties, identifiers } =
            convert::received(publish.payload, publish.properties);
        let inbound = Inbound { topic: publish.topic, payload, retain: publish.retain, properties, ack };
        if let Some(inbound) = self.deliver(inbound, &identifiers) {
            if self.park_until.is_some() && inbound.ack.0.is_some() {
                self.parked.push((inbound, identifiers));
            } else {
                tracing::debug!(topic = inbound.topic(), "nobody subscribes to a received message");
            }
        }
    }

    /// Gives the message back when nobody subscribes to it.
    fn deliver(&mut self, inbound: Inbound, identifiers: &[usize]) -> Option<Inbound> {
        let mut found = std::mem::take(&mut self.found);
        self.subscriptions.find(inbound.topic(), identifiers, &mut found);
        let last = found.pop();
        for sink in found.drain(..) {
            run(&sink, inbound.share());
        }
        self.found = found;
        let Some(sink) = last else { return Some(inbound) };
        run(&sink, inbound);
        None
    }

    /// Tries the parked messages again after a subscription was added.
    pub(super) fn unpark(&mut self) {
        for (inbound, identifiers) in std::mem::take(&mut self.parked) {
            if let Some(inbound) = self.deliver(inbound, &identifiers) {
                self.parked.push((inbound, identifiers));
            }
        }
    }

    /// Hands over whatever may be sent now: acknowledgements, subscriptions, publishes. What the client library's
    /// channel has no room for stays, and is tried again after the next event.
    pub(super) fn pump(&mut self) {
        let Some(client) = &self.client else { return };
        if self.closing.is_some_and(|closing| closing.phase != Phase::Draining) {
            return;
        }
        while let Some(packet) = self.acks.next() {
            let publish = Publish { qos: ClientQoS::AtLeastOnce, pkid: packet, ..Publish::default() };
            if client.try_ack(&publish).is_err() {
                return;
            }
            self.acks.pop();
        }
        while let Some(request) = self.subscriptions.next(self.limit) {
            let handed = match request {
                Request::Subscribe { filter, identifier, .. } => {
                    let level = convert::qos(filter.qos);
                    let identifier = self.identifiers.then_some(*identifier);
                    let properties = SubscribeProperties { id: identifier, user_properties: Vec::new() };
                    client.try_subscribe_with_properties(&*filter.filter, level, properties)
                }
                Request::Unsubscribe { filter, .. } => client.try_unsubscribe(&**filter),
            };
            if handed.is_err() {
                return;
            }
            self.subscriptions.handed();
        }
        if self.outgoing.nothing_waits() {
            return;
        }
        let now = Instant::now();
        while let Some(entry) = self.outgoing.next(now, self.window, self.limit) {
            let message = &entry.message;
            let properties = convert::publish_properties(message, entry.left(now));
            let level = convert::qos(message.qos);
            let (topic, payload) = (&*message.topic, message.payload.clone());
            if client.try_publish_with_properties(topic, level, message.retain, payload, properties).is_err()
            {
                return;
            }
            self.outgoing.handed();
        }
    }
}

/// Runs a subscriber's code. Its panic is its own affair and must not end the connection.
fn run(sink: &Sink, inbound: Inbound) {
    if catch_unwind(AssertUnwindSafe(|| sink(inbound))).is_err() {
        tracing::error!("a subscriber panicked at a message");
    }
}
