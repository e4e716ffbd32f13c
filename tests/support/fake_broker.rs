//! An MQTT 5 broker for tests that lacks, refuses, delays and breaks what it is told to, and writes down what clients send.
//!
//! It is made of bytes and not of a codec, so that it can send what no broker should. It knows no Will messages, no
//! QoS 2 and no expiry: where those matter a real broker is the better test.

mod bytes;
mod connection;
mod knobs;
mod packets;
mod seen;
mod sessions;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub use bytes::{Properties, Value, packet, property, text, variable};
pub use knobs::{Action, Answer, Hook, Knobs, Missing, Retained, Sessions};
pub use packets::{Connect, Packet, Publish, Subscribe, ack, connack, disconnect, publish_bytes};
pub use seen::{Event, Seen};
use sessions::{Make, Order, State};

/// What the listener and all connections share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    seen: Seen,
    stalled: watch::Sender<bool>,
    /// The open connections, with their numbers.
    open: Mutex<Vec<(usize, mpsc::UnboundedSender<Order>)>>,
}

impl Shared {
    fn opened(&self, number: usize, orders: mpsc::UnboundedSender<Order>) {
        self.open.lock().unwrap().push((number, orders));
    }

    fn closed(&self, number: usize) {
        self.open.lock().unwrap().retain(|(open, _)| *open != number);
    }
}

/// The broker. It ends when it is dropped: its port is closed, and its connections break off.
#[derive(Debug)]
pub struct FakeBroker {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: tokio::task::JoinHandle<()>,
}

impl FakeBroker {
    /// Starts one on a free port.
    pub async fn start(knobs: Knobs) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), knobs)
    }

    /// Starts one at an address.
    #[must_use]
    pub fn start_at(address: SocketAddr, knobs: Knobs) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an address again");
        // Small, so that a client soon notices when nobody reads.
        socket.set_recv_buffer_size(64 << 10).expect("a small buffer");
        socket.bind(address).expect("a free port");
        let listener = socket.listen(64).expect("a listener");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(knobs)),
            seen: Seen::new(),
            stalled: watch::Sender::new(false),
            open: Mutex::default(),
        });
        let for_connections = Arc::clone(&shared);
        let listener = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            for number in 1.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                connections.spawn(connection::serve(Arc::clone(&for_connections), stream, number));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, shared, listener }
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients sent.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.shared.seen
    }

    /// Changes how it behaves from now on. What a CONNACK said stays said.
    pub fn set(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut self.shared.state.lock().unwrap().knobs);
    }

    /// Stops reading, on every connection; what it has to write it still writes.
    pub fn stall(&self) {
        self.shared.stalled.send_replace(true);
    }

    /// Ends [`stall`](Self::stall).
    pub fn resume(&self) {
        self.shared.stalled.send_replace(false);
    }

    fn order(&self, order: Order) {
        let open = self.shared.open.lock().unwrap();
        let (_, orders) = open.last().expect("a client is connected");
        drop(orders.send(order));
    }

    /// Writes bytes to the client that connected last.
    pub fn send_raw(&self, bytes: impl Into<Vec<u8>>) {
        self.order(Order::Write(bytes.into()));
    }

    /// Writes bytes to the client that connected last, one by one and with a pause after each. Nothing else is written
    /// meanwhile.
    pub fn trickle(&self, bytes: impl Into<Vec<u8>>, pause: Duration) {
        self.order(Order::Trickle(bytes.into(), pause));
    }

    /// Writes so many packets, made by their number, to the client that connected last, as fast as it reads them.
    pub fn flood(&self, count: usize, make: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) {
        self.order(Order::Flood(count, Make(Box::new(make))));
    }

    /// Sends DISCONNECT to the client that connected last, and closes.
    pub fn disconnect(&self, reason: u8, properties: &Properties) {
        self.send_raw(disconnect(reason, properties));
        self.close();
    }

    /// Closes the connection to the client that connected last, without a word.
    pub fn close(&self) {
        self.order(Order::Close);
    }

    /// Waits until everything that was delivered is acknowledged.
    pub async fn settled(&self) {
        crate::eventually("everything is acknowledged", || async {
            self.shared.state.lock().unwrap().is_settled().then_some(())
        })
        .await;
    }

    /// Publishes to all subscribers.
    pub fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        let publish =
            Publish { topic: topic.to_owned(), payload: payload.into(), qos: 1, ..Publish::default() };
        self.shared.state.lock().unwrap().publish(None, &publish);
    }
}

impl Drop for FakeBroker {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
