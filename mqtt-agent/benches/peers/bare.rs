//! A bare echo: rumqttc with TCP_NODELAY on topics of its own. No JSON, no schema, no routing, no deadlines.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::callers;
use crate::roles::{LARGE, Line, Order, PARTIALS, Work, fail, say};

/// Requests that wait for the connection.
const QUEUE: usize = 65_536;

/// A caller that waits.
enum Waiter {
    Answer(oneshot::Sender<Bytes>),
    Partials(UnboundedSender<Bytes>, usize),
}

/// Answers come in the order of the requests, so nothing needs an id.
type Waiters = Arc<Mutex<VecDeque<Waiter>>>;

async fn connect(address: SocketAddr, id: &str, filters: &[String]) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(id, address.ip().to_string(), address.port());
    options.set_keep_alive(Duration::from_secs(30)).set_clean_start(true);
    options.set_max_packet_size(Some(64 << 20));
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    let (client, mut poll) = AsyncClient::new(options, QUEUE);
    for filter in filters {
        client.subscribe(filter, QoS::AtLeastOnce).await.expect("queued");
    }
    let mut granted = 0;
    while granted < filters.len() {
        if let Event::Incoming(Packet::SubAck(_)) = next(&mut poll).await {
            granted += 1;
        }
    }
    (client, poll)
}

async fn next(poll: &mut EventLoop) -> Event {
    match poll.poll().await {
        Ok(event) => event,
        Err(error) => fail(&error.to_string()),
    }
}

/// Sends back what comes: once, or as partial results and an answer, or the beginning of what is large.
pub(crate) async fn serve(address: SocketAddr, name: &str) {
    let (request, stream, answer) = topics(name);
    let (client, mut poll) =
        connect(address, &format!("bench-bare-{name}-server"), &[request, stream.clone()]).await;
    say(&Line::Ready);
    let polled = tokio::spawn(async move {
        loop {
            let Event::Incoming(Packet::Publish(Publish { topic, payload, .. })) = next(&mut poll).await
            else {
                continue;
            };
            let messages = if topic == stream { PARTIALS + 1 } else { 1 };
            let payload = if payload.len() > LARGE { payload.slice(..8) } else { payload };
            for _ in 0..messages {
                client.try_publish(answer.as_str(), QoS::AtLeastOnce, false, payload.clone()).expect("room");
            }
        }
    });
    polled.await.expect("no panic");
}

fn topics(name: &str) -> (String, String, String) {
    let topic = |last| format!("bench/bare/{name}/{last}");
    (topic("request"), topic("stream"), topic("answer"))
}

#[derive(Clone)]
struct Caller {
    client: AsyncClient,
    waiters: Waiters,
    request: Arc<str>,
    stream: Arc<str>,
}

impl Caller {
    /// Under one lock, so that requests go out in the order in which their callers wait.
    fn send(&self, topic: &str, payload: Bytes, waiter: Waiter) -> Result<(), String> {
        let mut waiters = self.waiters.lock().expect("no panic");
        self.client
            .try_publish(topic, QoS::AtLeastOnce, false, payload)
            .map_err(|error| error.to_string())?;
        waiters.push_back(waiter);
        Ok(())
    }

    async fn call(self, payload: Bytes) -> Result<(), String> {
        let (sender, answer) = oneshot::channel();
        self.send(&self.request, payload, Waiter::Answer(sender))?;
        answer.await.map(drop).map_err(|error| error.to_string())
    }

    async fn partials(self, payload: Bytes) -> Result<(), String> {
        let (sender, mut messages) = unbounded_channel();
        self.send(&self.stream, payload, Waiter::Partials(sender, PARTIALS + 1))?;
        let mut received = 0;
        while messages.recv().await.is_some() {
            received += 1;
        }
        if received == PARTIALS + 1 { Ok(()) } else { Err(format!("{received} messages")) }
    }
}

fn hand_out(waiters: &Waiters, payload: Bytes) {
    let mut waiters = waiters.lock().expect("no panic");
    if let Some(Waiter::Partials(sender, left)) = waiters.front_mut() {
        drop(sender.send(payload));
        *left -= 1;
        if *left == 0 {
            waiters.pop_front();
        }
    } else if let Some(Waiter::Answer(sender)) = waiters.pop_front() {
        drop(sender.send(payload));
    }
}

pub(crate) async fn call(address: SocketAddr, name: &str, mut orders: UnboundedReceiver<Order>) {
    let (request, stream, answer) = topics(name);
    let (client, mut poll) = connect(address, &format!("bench-bare-{name}-client"), &[answer]).await;
    let waiters = Waiters::default();
    let caller =
        Caller { client, waiters: Arc::clone(&waiters), request: request.into(), stream: stream.into() };
    tokio::spawn(async move {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = next(&mut poll).await {
                hand_out(&waiters, publish.payload);
            }
        }
    });
    say(&Line::Ready);
    while let Some(order) = orders.recv().await {
        let (caller, payload) = (caller.clone(), Bytes::from(vec![b'x'; order.bytes]));
        let outcome = match order.work {
            Work::Calls => callers::run(&order, move || caller.clone().call(payload.clone())).await,
            Work::Partials => callers::run(&order, move || caller.clone().partials(payload.clone())).await,
            Work::Big => {
                let (small, text) = (caller.clone(), Bytes::from(vec![b'x'; 200]));
                let small = move || small.clone().call(text.clone());
                callers::beside(&order, small, move || caller.clone().call(payload.clone())).await
            }
            Work::Hold | Work::Count => fail("the bare echo answers every call"),
        };
        say(&Line::Done(outcome));
    }
}
