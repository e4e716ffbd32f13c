//! The task that owns a connection.
//!
//! It does two things: it polls the client library's event loop, and it takes commands. Polling is never cancelled in
//! normal work, for a cancelled write may be cut in half: commands are taken while the poll is pending, and reach the
//! library through its own queue, which they never wait for.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS as WireQoS;
use rumqttc::v5::mqttbytes::v5::{ConnAck, Filter, Packet, PubAck, PubAckReason, Publish};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, Request};
use tokio::sync::{mpsc, watch};

use super::ack::{Ack, Unacknowledged};
use super::backoff;
use super::convert;
use super::error::ConnectError;
use super::handle::Command;
use super::message::Inbound;
use super::options::LinkOptions;
use super::outbox::{Outbox, Ready};
use super::routes::Routes;
use super::state::ConnectionState;
use super::subscriptions::Subscriptions;

/// A connection that lasted less is a sign of two clients with one id, who take it from each other.
const QUICK: Duration = Duration::from_secs(2);

/// So many quick losses in a row are no accident.
const QUICK_LOSSES: u32 = 3;

/// A connection that lasted as long was a good one: the next loss is retried fast again.
const GOOD: Duration = Duration::from_secs(5);

/// Requests beside publishes and acknowledgements that the client library's queue has room for.
const SPARE: usize = 64;

/// The owner of one connection.
pub(super) struct Actor {
    client: AsyncClient,
    event_loop: Option<EventLoop>,
    commands: mpsc::WeakUnboundedSender<Command>,
    inbox: mpsc::UnboundedReceiver<Command>,
    show: watch::Sender<ConnectionState>,
    failure: Arc<OnceLock<ConnectError>>,
    client_id: String,
    window: usize,
    longest_backoff: Duration,

    outbox: Outbox,
    subscriptions: Subscriptions,
    routes: Routes,
    unacknowledged: Unacknowledged,

    up: Option<Up>,
    epoch: u64,
    ever_up: bool,
    tries: u32,
    quick_losses: u32,
    closing: Closing,
}

/// A connection that is up.
struct Up {
    since: Instant,
    max_packet_size: usize,
    window: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    /// Waits for what is not acknowledged.
    Draining,
    /// DISCONNECT is on its way.
    Disconnecting,
    Done,
}

/// What ended a poll.
enum Step {
    Event(Result<Event, ConnectionError>),
    Stalled,
    Abandoned,
    Closed,
}

impl Actor {
    pub(super) fn new(
        options: &LinkOptions,
        commands: mpsc::WeakUnboundedSender<Command>,
        inbox: mpsc::UnboundedReceiver<Command>,
        show: watch::Sender<ConnectionState>,
        failure: Arc<OnceLock<ConnectError>>,
    ) -> Result<(Self, String), ConnectError> {
        let (mqtt, broker) = convert::options(options)?;
        let window = usize::from(options.window.max(1));
        let (client, mut event_loop) = AsyncClient::new(mqtt, window + usize::from(options.receive_maximum) + SPARE);
        // Without it a QoS 1 call takes 88 ms (Nagle's algorithm against delayed acknowledgements).
        let mut network = event_loop.options.network_options();
        network.set_tcp_nodelay(true);
        event_loop.options.set_network_options(network);
        let actor = Self {
            client,
            event_loop: Some(event_loop),
            commands,
            inbox,
            show,
            failure,
            client_id: options.client_id.clone(),
            window,
            longest_backoff: options.longest_backoff,
            outbox: Outbox::default(),
            subscriptions: Subscriptions::default(),
            routes: Routes::default(),
            unacknowledged: Unacknowledged::default(),
            up: None,
            epoch: 0,
            ever_up: false,
            tries: 0,
            quick_losses: 0,
            closing: Closing::No,
        };
        Ok((actor, broker))
    }

    pub(super) async fn run(mut self) {
        let Some(mut event_loop) = self.event_loop.take() else { return };
        while self.closing != Closing::Done {
            match self.step(&mut event_loop).await {
                Step::Event(Ok(event)) => self.event(event, &mut event_loop),
                Step::Event(Err(error)) => {
                    if self.closing == Closing::Disconnecting || self.gives_up(&error) {
                        break;
                    }
                    self.lost(&error.to_string(), &mut event_loop);
                    if !self.pause().await {
                        break;
                    }
                }
                Step::Stalled => {
                    // The library's own keep-alive does not run while a write hangs.
                    event_loop.clean();
                    self.lost("the broker does not answer", &mut event_loop);
                    if !self.pause().await {
                        break;
                    }
                }
                Step::Abandoned | Step::Closed => break,
            }
            self.pump();
        }
        self.outbox.close();
        self.show.send_replace(ConnectionState::Stopped);
    }

    /// Polls once, and takes commands meanwhile.
    async fn step(&mut self, event_loop: &mut EventLoop) -> Step {
        let stall = event_loop.options.keep_alive().mul_f64(1.5);
        let silence = tokio::time::sleep(stall.max(Duration::from_secs(1)));
        let poll = event_loop.poll();
        tokio::pin!(poll, silence);
        loop {
            tokio::select! {
                event = &mut poll => return Step::Event(event),
                command = self.inbox.recv() => match command {
                    Some(command) => self.command(command),
                    None => return Step::Abandoned,
                },
                () = &mut silence => return Step::Stalled,
            }
            self.pump();
            if self.closing == Closing::Draining && !self.ever_up {
                return Step::Closed;
            }
        }
    }

    /// Waits before the next try, and takes commands meanwhile. False when the connection is not wanted any more.
    async fn pause(&mut self) -> bool {
        let delay = tokio::time::sleep(backoff::delay(self.tries, self.longest_backoff));
        tokio::pin!(delay);
        loop {
            if self.closing == Closing::Draining && self.outbox.is_empty() {
                return false;
            }
            tokio::select! {
                () = &mut delay => return true,
                command = self.inbox.recv() => match command {
                    Some(command) => self.command(command),
                    None => return false,
                },
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Publish { message, reply, withdrawable, place } => {
                self.outbox.push(message, reply, withdrawable, place);
            }
            Command::Subscribe { id, filter, sink, reply } => {
                self.routes.add(id, &filter, sink);
                self.subscriptions.subscribe(id, filter, reply);
            }
            Command::Unsubscribe { id, reply } => {
                if let Some(filter) = self.subscriptions.unsubscribe(id, reply) {
                    self.routes.remove(id, &filter);
                }
            }
            Command::Ack { epoch, packet_id } => {
                if epoch == self.epoch {
                    self.unacknowledged.done(packet_id);
                }
            }
            Command::Close => {
                if self.closing == Closing::No {
                    self.closing = Closing::Draining;
                }
            }
        }
    }

    /// Hands over what may leave now: acknowledgements, subscriptions, then messages.
    fn pump(&mut self) {
        let Some(up) = &self.up else { return };
        while let Some(packet_id) = self.unacknowledged.next() {
            let received = Publish { qos: WireQoS::AtLeastOnce, pkid: packet_id, ..Publish::default() };
            if self.client.try_ack(&received).is_err() {
                // Cannot be: the queue has room for Receive Maximum of them. The broker would deliver again.
                tracing::warn!(packet_id, "an acknowledgement was not sent");
            }
        }
        // The client library hands out as many packet ids as the broker's window is wide, to subscriptions as well, and
        // does not look whether one is in use there: so they have their share of the window.
        while self.outbox.under_way() + self.subscriptions.under_way() < up.window {
            let Some((filters, subscribe)) = self.subscriptions.front() else { break };
            let sent = if subscribe {
                let filters = filters.into_iter().map(|filter| Filter::new(filter, WireQoS::AtLeastOnce));
                self.client.try_subscribe_many(filters)
            } else {
                filters.first().map_or(Ok(()), |filter| self.client.try_unsubscribe(*filter))
            };
            if sent.is_err() {
                // The queue is full; tried again after the next event.
                return;
            }
            self.subscriptions.handed();
        }
        while self.outbox.under_way() + self.subscriptions.under_way() < up.window {
            let Some(ready) = self.outbox.next(up.max_packet_size) else { break };
            let Ready { topic, payload, retain, properties } = &ready;
            let publish = self.client.try_publish_with_properties(
                topic.as_str(),
                WireQoS::AtLeastOnce,
                *retain,
                payload.clone(),
                properties.clone(),
            );
            if publish.is_err() {
                self.outbox.take_back(ready);
                return;
            }
        }
        if self.closing == Closing::Draining && self.outbox.is_empty() && self.subscriptions.is_settled() {
            self.closing = Closing::Disconnecting;
            if self.client.try_disconnect().is_err() {
                self.closing = Closing::Draining;
            }
        }
    }

    fn event(&mut self, event: Event, event_loop: &mut EventLoop) {
        match event {
            Event::Incoming(Packet::ConnAck(connack)) => self.connected(&connack, event_loop),
            Event::Incoming(Packet::Publish(publish)) => self.received(publish),
            Event::Incoming(Packet::PubAck(PubAck { pkid, reason, .. })) => {
                self.outbox.acknowledged(pkid, reason);
                release_collision(pkid, reason, event_loop);
            }
            Event::Incoming(Packet::SubAck(ack)) => {
                for (id, filter) in self.subscriptions.granted(ack.pkid, &ack.return_codes) {
                    self.routes.remove(id, &filter);
                }
            }
            Event::Incoming(Packet::UnsubAck(ack)) => self.subscriptions.left(ack.pkid),
            Event::Outgoing(Outgoing::Publish(packet_id)) => self.outbox.sent(packet_id),
            Event::Outgoing(Outgoing::Subscribe(packet_id)) => self.subscriptions.subscribe_sent(packet_id),
            Event::Outgoing(Outgoing::Unsubscribe(packet_id)) => self.subscriptions.unsubscribe_sent(packet_id),
            Event::Outgoing(Outgoing::Disconnect) => self.closing = Closing::Done,
            Event::Incoming(_) | Event::Outgoing(_) => {}
        }
    }

    fn connected(&mut self, connack: &ConnAck, event_loop: &mut EventLoop) {
        let properties = connack.properties.as_ref();
        let receive_max = properties.and_then(|properties| properties.receive_max).unwrap_or(u16::MAX);
        let limit = properties.and_then(|properties| properties.max_packet_size).unwrap_or(u32::MAX);
        // One below the broker's window: see the upper limit that the library is given.
        let window = self.window.min(usize::from(receive_max).saturating_sub(1).max(1));
        let max_packet_size = usize::try_from(limit).unwrap_or(usize::MAX);
        self.up = Some(Up { since: Instant::now(), max_packet_size, window });
        self.epoch += 1;
        self.ever_up = true;

        let again = self.outbox.resumed(connack.session_present);
        event_loop.pending = again.into_iter().map(Request::Publish).collect();
        self.subscriptions.resumed(connack.session_present);
        // Subscriptions are handed over before anything else is: an answer to a call needs its topic.
        self.pump();
        tracing::debug!(epoch = self.epoch, session_present = connack.session_present, "connected");
        let (epoch, session_present) = (self.epoch, connack.session_present);
        self.show.send_replace(ConnectionState::Connected { epoch, session_present });
    }

    fn received(&mut self, publish: Publish) {
        let Publish { topic, payload, properties, pkid, qos, .. } = publish;
        let acknowledge = qos != WireQoS::AtMostOnce;
        if acknowledge {
            self.unacknowledged.received(pkid);
        }
        let Some(topic) = convert::topic(&topic) else {
            self.unacknowledged.done(pkid);
            return tracing::warn!("a message whose topic is no UTF-8 was dropped");
        };
        let ack = match (acknowledge, self.commands.upgrade()) {
            (true, Some(commands)) => Some(Arc::new(Ack { commands, epoch: self.epoch, packet_id: pkid })),
            _ => None,
        };
        let inbound = Inbound { topic, payload, properties: convert::from_wire(properties), _ack: ack };
        let mut sinks = self.routes.of(&inbound.topic).peekable();
        if sinks.peek().is_none() {
            return tracing::debug!(topic = inbound.topic(), "a message that nothing is subscribed to was dropped");
        }
        while let Some(sink) = sinks.next() {
            if sinks.peek().is_none() {
                // The last one takes it as it is.
                return sink(inbound.clone());
            }
            sink(inbound.clone());
        }
    }

    /// Whether the first connection cannot be made at all.
    fn gives_up(&mut self, error: &ConnectionError) -> bool {
        if self.ever_up {
            return false;
        }
        let Some(failure) = convert::lasting(error) else { return false };
        drop(self.failure.set(failure));
        true
    }

    /// The connection is lost, or was not made.
    fn lost(&mut self, error: &str, event_loop: &mut EventLoop) {
        // What the library had read and not told yet is told first: acknowledgements above all.
        while let Some(event) = event_loop.state.events.pop_front() {
            if !matches!(event, Event::Incoming(Packet::ConnAck(_))) {
                self.event(event, event_loop);
            }
        }
        let (mut unacknowledged, mut unsent) = (Vec::new(), Vec::new());
        // Sent under no packet id yet, and handed over before all that follows.
        unsent.extend(event_loop.state.collision.take());
        for request in event_loop.pending.drain(..) {
            match request {
                Request::Publish(publish) if publish.pkid != 0 => unacknowledged.push(publish),
                Request::Publish(publish) => unsent.push(publish),
                // Subscriptions are asked for again from our own list; a message whose acknowledgement was lost is
                // delivered again.
                _ => {}
            }
        }
        self.outbox.interrupted(unacknowledged, unsent);
        self.subscriptions.interrupted();
        self.unacknowledged.clear();

        let lived = self.up.take().map(|up| up.since.elapsed());
        self.tries = match lived {
            Some(lived) if lived >= GOOD => 0,
            _ => self.tries.saturating_add(1),
        };
        self.note_takeover(lived);
        tracing::warn!(error, tries = self.tries, "the connection to the broker is down");
        let state = ConnectionState::Connecting { attempt: self.tries, error: Some(error.into()) };
        self.show.send_replace(state);
    }

    fn note_takeover(&mut self, lived: Option<Duration>) {
        match lived {
            Some(lived) if lived < QUICK => self.quick_losses += 1,
            Some(_) => self.quick_losses = 0,
            None => {}
        }
        if self.quick_losses >= QUICK_LOSSES {
            tracing::error!(
                client_id = self.client_id,
                "the broker ends the connection again and again: does another client use this id? give each its own, \
                 replicas by `Agent::instance`"
            );
        }
    }
}

/// The library holds back a publish whose packet id is in use, and forgets it when the earlier one is denied.
fn release_collision(packet_id: u16, reason: PubAckReason, event_loop: &mut EventLoop) {
    let denied = !matches!(reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
    if denied && event_loop.state.collision.as_ref().is_some_and(|held| held.pkid == packet_id) {
        let held = event_loop.state.collision.take();
        event_loop.pending.extend(held.map(Request::Publish));
    }
}
