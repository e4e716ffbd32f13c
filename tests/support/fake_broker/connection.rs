//! One connection to a [`FakeBroker`](super::FakeBroker): reads packets, decides, and writes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until};

use super::Shared;
use super::bytes::{Properties, Value, property};
use super::knobs::{Action, Answer, Knobs, Missing};
use super::packets::{Connect, Packet, Publish, Subscribe, ack, connack, disconnect};
use super::seen::Event;
use super::sessions::{Order, State};

/// How long a client has to hang up after the broker did. Closing at once could throw away what was written last.
const HANG_UP: Duration = Duration::from_secs(1);

pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, number: usize) {
    let (orders, inbox) = mpsc::unbounded_channel();
    drop(stream.set_nodelay(true));
    let (reader, writer) = stream.into_split();
    shared.opened(number, orders.clone());
    let lane = || {
        let (lane, waiting) = mpsc::unbounded_channel();
        tokio::spawn(later(waiting, orders.clone()));
        lane
    };
    let mut connection = Connection {
        number,
        client: None,
        keeps_session: false,
        keep_alive: None,
        unanswered: Arc::default(),
        pubacks: lane(),
        subacks: lane(),
        orders,
        shared,
    };
    connection.saw(Packet::Opened);
    let shared = Arc::clone(&connection.shared);
    tokio::select! {
        () = connection.read(reader) => {}
        () = write(&shared, writer, inbox) => {}
    }
    connection.saw(Packet::Closed);
    connection.shared.closed(number);
    if let Some(client) = &connection.client {
        connection.state().leave(client, number, connection.keeps_session);
    }
}

/// When something is to be sent.
enum Due {
    At(tokio::time::Instant),
    AfterTheLast(Duration),
}

/// What is to be sent at a time, in its order.
type Lane = mpsc::UnboundedSender<(Due, Vec<u8>, Option<Arc<AtomicUsize>>)>;

async fn later(
    mut waiting: mpsc::UnboundedReceiver<(Due, Vec<u8>, Option<Arc<AtomicUsize>>)>,
    orders: mpsc::UnboundedSender<Order>,
) {
    while let Some((due, bytes, counted)) = waiting.recv().await {
        match due {
            Due::At(at) => sleep_until(at).await,
            Due::AfterTheLast(pause) => sleep(pause).await,
        }
        if let Some(counted) = counted {
            counted.fetch_sub(1, Ordering::SeqCst);
        }
        if orders.send(Order::Write(bytes)).is_err() {
            return;
        }
    }
}

async fn write(shared: &Shared, mut writer: OwnedWriteHalf, mut inbox: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = inbox.recv().await {
        let (bytes, pause) = match order {
            Order::Write(bytes) => {
                let pause = shared.state.lock().unwrap().knobs.byte_by_byte;
                (bytes, pause)
            }
            Order::Trickle(bytes, pause) => (bytes, Some(pause)),
            Order::Flood(count, make) => {
                for index in 0..count {
                    if writer.write_all(&make.0(index)).await.is_err() {
                        break;
                    }
                }
                continue;
            }
            Order::Close => break,
        };
        let written = match pause {
            None => writer.write_all(&bytes).await,
            Some(pause) => {
                let mut written = Ok(());
                for byte in bytes {
                    written = writer.write_all(&[byte]).await;
                    if written.is_err() {
                        break;
                    }
                    sleep(pause).await;
                }
                written
            }
        };
        if written.is_err() {
            break;
        }
    }
    drop(writer.shutdown().await);
    sleep(HANG_UP).await;
}

struct Connection {
    number: usize,
    /// The client id, from CONNECT on.
    client: Option<String>,
    keeps_session: bool,
    keep_alive: Option<Duration>,
    /// Messages of the client that have no PUBACK yet.
    unanswered: Arc<AtomicUsize>,
    orders: mpsc::UnboundedSender<Order>,
    pubacks: Lane,
    subacks: Lane,
    shared: Arc<Shared>,
}

impl Connection {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    fn knobs(&self) -> Knobs {
        self.state().knobs.clone()
    }

    fn saw(&self, packet: Packet) -> Event {
        let event = Event { connection: self.number, at: Instant::now(), packet };
        self.shared.seen.add(event.clone());
        event
    }

    fn send(&self, bytes: Vec<u8>) {
        drop(self.orders.send(Order::Write(bytes)));
    }

    fn close(&self) -> ControlFlow<()> {
        drop(self.orders.send(Order::Close));
        ControlFlow::Break(())
    }

    fn disconnect(&self, reason: u8, properties: &Properties) -> ControlFlow<()> {
        self.send(disconnect(reason, properties));
        self.close()
    }

    fn protest(&self, reason: u8) -> ControlFlow<()> {
        self.disconnect(reason, &Properties::new())
    }

    async fn read(&mut self, mut reader: OwnedReadHalf) {
        let mut stalled = self.shared.stalled.subscribe();
        let mut buffer: Vec<u8> = Vec::new();
        // Once the broker said goodbye, what comes is read and thrown away until the client hangs up.
        let mut over = false;
        loop {
            if stalled.wait_for(|stalled| !stalled).await.is_err() {
                return;
            }
            if over {
                buffer.clear();
            } else if let Some((first, body, size)) = next_packet(&mut buffer) {
                over = self.packet(Packet::read(first, &body, size), size).await.is_break();
                continue;
            }
            let silence = self.keep_alive.filter(|_| !over).map(|keep_alive| keep_alive * 3 / 2);
            tokio::select! {
                read = reader.read_buf(&mut buffer) => match read {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                },
                _ = stalled.changed() => {}
                () = sleep(silence.unwrap_or(Duration::MAX)), if silence.is_some() => {
                    over = self.protest(0x8d).is_break();
                }
            }
        }
    }

    async fn packet(&mut self, packet: Packet, size: usize) -> ControlFlow<()> {
        let event = self.saw(packet);
        let knobs = self.knobs();
        if self.client.is_some() && knobs.max_packet_size.is_some_and(|most| size > most as usize) {
            return self.protest(0x95);
        }
        match knobs.hook.decide(&event) {
            None => {}
            Some(Action::Ignore) => return ControlFlow::Continue(()),
            Some(Action::Send(bytes)) => {
                self.send(bytes);
                return ControlFlow::Continue(());
            }
            Some(Action::Disconnect(reason, properties)) => return self.disconnect(reason, &properties),
            Some(Action::Close) => return self.close(),
        }
        match event.packet {
            Packet::Connect(connect) if self.client.is_none() => self.connect(connect, &knobs).await,
            // A second CONNECT, or something before the first.
            Packet::Connect(_) => self.protest(0x82),
            _ if self.client.is_none() => self.close(),
            Packet::Publish(publish) => self.publish(publish, &knobs),
            Packet::PubAck { id, .. } => {
                let client = self.client.clone().unwrap_or_default();
                self.state().acknowledged(&client, id);
                ControlFlow::Continue(())
            }
            Packet::Subscribe(subscribe) => self.subscribe(subscribe, &knobs),
            Packet::Unsubscribe { id, filters } => {
                let client = self.client.clone().unwrap_or_default();
                self.state().unsubscribe(&client, &filters);
                let bytes = ack(0xb0, id, &vec![0; filters.len()], &Properties::new());
                self.answer(&self.subacks, knobs.suback, bytes, None);
                ControlFlow::Continue(())
            }
            Packet::Ping => {
                if knobs.pong {
                    self.send(vec![0xd0, 0]);
                }
                ControlFlow::Continue(())
            }
            // A session ends with DISCONNECT only where its expiry is 0.
            Packet::Disconnect { .. } => self.close(),
            Packet::Malformed { .. } => self.protest(0x81),
            Packet::Other { .. } => self.protest(0x82),
            Packet::Opened | Packet::Closed => ControlFlow::Continue(()),
        }
    }

    fn answer(&self, lane: &Lane, when: Answer, bytes: Vec<u8>, counted: Option<Arc<AtomicUsize>>) {
        let due = match when {
            Answer::AtOnce => {
                if let Some(counted) = counted {
                    counted.fetch_sub(1, Ordering::SeqCst);
                }
                return self.send(bytes);
            }
            Answer::After(pause) => Due::At(tokio::time::Instant::now() + pause),
            Answer::Each(pause) => Due::AfterTheLast(pause),
            Answer::Never => return,
        };
        drop(lane.send((due, bytes, counted)));
    }

    async fn connect(&mut self, connect: Connect, knobs: &Knobs) -> ControlFlow<()> {
        match knobs.connack {
            Answer::AtOnce => {}
            Answer::After(pause) | Answer::Each(pause) => sleep(pause).await,
            Answer::Never => return ControlFlow::Continue(()),
        }
        if knobs.only_3_1_1 {
            self.send(vec![0x20, 2, 0, 1]);
            return self.close();
        }
        let refuse = |reason, properties: &Properties| {
            self.send(connack(false, reason, properties));
            self.close()
        };
        if let Some((reason, properties)) = &knobs.refuse {
            return refuse(*reason, properties);
        }
        if connect.level != 5 {
            return refuse(0x84, &Properties::new());
        }
        if let Some(will) = &connect.will
            && knobs.missing != Missing::Taken
        {
            if will.retain && !knobs.retain {
                return refuse(0x9a, &Properties::new());
            }
            if will.qos > knobs.max_qos {
                return refuse(0x9b, &Properties::new());
            }
        }
        let expiry = connect.properties.number(property::SESSION_EXPIRY).unwrap_or(0);
        self.keeps_session = knobs.session_expiry.unwrap_or(expiry) > 0;
        let keep_alive = knobs.server_keep_alive.unwrap_or(connect.keep_alive);
        self.keep_alive = (keep_alive > 0).then(|| Duration::from_secs(keep_alive.into()));
        self.client = Some(connect.client_id.clone());
        let mut state = self.state();
        if let Some(online) =
            state.sessions.get_mut(&connect.client_id).and_then(|session| session.online.take())
        {
            drop(online.orders.send(Order::Write(disconnect(0x8e, &Properties::new()))));
            drop(online.orders.send(Order::Close));
        }
        let present = state.arrive(&connect, self.number, self.orders.clone());
        for _ in 0..knobs.connacks {
            self.send(connack(present, 0, &announcement(knobs)));
        }
        state.resume(&connect.client_id);
        ControlFlow::Continue(())
    }

    fn publish(&self, publish: Publish, knobs: &Knobs) -> ControlFlow<()> {
        let client = self.client.as_deref().unwrap_or_default();
        let mut refused = None;
        if publish.topic.is_empty() || publish.properties.number(property::TOPIC_ALIAS).is_some() {
            return self.protest(0x94);
        }
        for (used, reason) in
            [(publish.retain && !knobs.retain, 0x9a), (publish.qos > knobs.max_qos.min(1), 0x9b)]
        {
            match knobs.missing {
                Missing::Disconnect if used => return self.protest(reason),
                Missing::Refused if used => refused = Some(reason),
                _ => {}
            }
        }
        if publish.qos > 0 {
            let unanswered = self.unanswered.fetch_add(1, Ordering::SeqCst) + 1;
            if knobs.receive_maximum.is_some_and(|most| unanswered > usize::from(most)) {
                return self.protest(0x93);
            }
        }
        let by_topic = knobs.refuse_publish.iter().find(|(text, _)| publish.topic.contains(text));
        refused = refused.or(by_topic.map(|(_, reason)| *reason));
        if refused.is_none() {
            self.state().publish(Some(client), &publish);
        }
        if publish.qos > 0 {
            let reason = refused.unwrap_or(0);
            let bytes = ack(0x40, publish.id, &[reason], &refusal(knobs, refused.is_some()));
            self.answer(&self.pubacks, knobs.puback, bytes, Some(Arc::clone(&self.unanswered)));
        }
        ControlFlow::Continue(())
    }

    fn subscribe(&self, subscribe: Subscribe, knobs: &Knobs) -> ControlFlow<()> {
        let mut reasons = Vec::new();
        for (filter, options) in &subscribe.filters {
            let mut reason = (options & 3).min(knobs.granted_qos).min(knobs.max_qos);
            for (used, refusal) in [
                (!knobs.shared && filter.starts_with("$share/"), 0x9e),
                (!knobs.wildcards && filter.contains(['+', '#']), 0xa2),
                (!knobs.identifiers && subscribe.identifier.is_some(), 0xa1),
            ] {
                match knobs.missing {
                    Missing::Disconnect if used => return self.protest(refusal),
                    Missing::Refused if used => reason = refusal,
                    _ => {}
                }
            }
            if let Some((_, refusal)) = knobs.refuse_subscribe.iter().find(|(text, _)| filter.contains(text))
            {
                reason = *refusal;
            }
            reasons.push(reason);
        }
        let client = self.client.as_deref().unwrap_or_default();
        let mut state = self.state();
        let retained = state.subscribe(client, &subscribe, &reasons);
        let id = if knobs.wrong_suback_id { subscribe.id.wrapping_add(1000).max(1) } else { subscribe.id };
        let failed = reasons.iter().any(|reason| *reason >= 0x80);
        let bytes = ack(0x90, id, &reasons, &refusal(knobs, failed));
        self.answer(&self.subacks, knobs.suback, bytes, None);
        state.send(client, retained);
        ControlFlow::Continue(())
    }
}

/// The properties of an acknowledgement.
fn refusal(knobs: &Knobs, failed: bool) -> Properties {
    match knobs.refusal_reason {
        Some(text) if failed => Properties::new().reason(text),
        _ => Properties::new(),
    }
}

/// What CONNACK says.
fn announcement(knobs: &Knobs) -> Properties {
    let mut properties = Properties::new();
    if knobs.announced {
        if knobs.max_qos < 2 {
            properties = properties.with(property::MAXIMUM_QOS, Value::Byte(knobs.max_qos));
        }
        for (there, id) in [
            (knobs.retain, property::RETAIN_AVAILABLE),
            (knobs.wildcards, property::WILDCARDS_AVAILABLE),
            (knobs.identifiers, property::IDENTIFIERS_AVAILABLE),
            (knobs.shared, property::SHARED_AVAILABLE),
        ] {
            if !there {
                properties = properties.with(id, Value::Byte(0));
            }
        }
    }
    let numbers = [
        (property::RECEIVE_MAXIMUM, knobs.receive_maximum.map(Value::Two)),
        (property::MAXIMUM_PACKET_SIZE, knobs.max_packet_size.map(Value::Four)),
        (property::TOPIC_ALIAS_MAXIMUM, knobs.topic_alias_maximum.map(Value::Two)),
        (property::SERVER_KEEP_ALIVE, knobs.server_keep_alive.map(Value::Two)),
        (property::SESSION_EXPIRY, knobs.session_expiry.map(Value::Four)),
    ];
    for (id, value) in numbers {
        if let Some(value) = value {
            properties = properties.with(id, value);
        }
    }
    if let Some(id) = knobs.assigned_id {
        properties = properties.text(property::ASSIGNED_CLIENT_ID, id);
    }
    properties.0.extend(knobs.connack_properties.0.iter().cloned());
    properties
}

/// Takes a whole packet out of what was read: its first byte, its body, and the size of all of it.
fn next_packet(buffer: &mut Vec<u8>) -> Option<(u8, Vec<u8>, usize)> {
    let first = *buffer.first()?;
    let mut length = 0_usize;
    for (index, shift) in [0, 7, 14, 21].into_iter().enumerate() {
        let byte = *buffer.get(1 + index)?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (head, size) = (2 + index, 2 + index + length);
            let body = buffer.get(head..size)?.to_vec();
            buffer.drain(..size);
            return Some((first, body, size));
        }
    }
    buffer.clear();
    Some((first, Vec::new(), 0))
}
