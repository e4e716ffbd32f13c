//! A broker that serves all tests, one after the other: reached through a relay, which can be cut, and emptied before each
//! test of what earlier ones left there.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::RawPeer;

/// Held by the test whose turn it is.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// The client ids that connected in this process: each may have left a session.
static IDS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// How long no retained message comes until there is none left.
const QUIET: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(super) struct Relay {
    broker: String,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Relay {
    /// To a `mqtt://host:port` without a password, when it is this test's turn.
    pub(super) async fn to(url: &str) -> Self {
        let broker = url.strip_prefix("mqtt://").expect("MQTT_AGENT_TEST_BROKER_URL is `mqtt://host:port`");
        let turn = TURN.lock().await;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut relay = Self { broker: broker.to_owned(), address: any, accepting: None, _turn: turn };
        relay.empty().await;
        relay.open().await;
        relay
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the relay's port");
        self.address = listener.local_addr().expect("its address");
        let broker = self.broker.clone();
        self.accepting = Some(tokio::spawn(async move {
            // Dropped with this task, so that nothing is relayed any more.
            let mut relayed = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                relayed.spawn(relay(client, broker.clone()));
            }
        }));
    }

    /// Ends all connections, takes no new ones, and leaves the broker as one that has just started.
    pub(super) async fn cut(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
        self.empty().await;
    }

    async fn empty(&self) {
        let ids = std::mem::take(&mut *IDS.lock().expect("ids"));
        // A new session that ends with its connection replaces the old one; with it goes its Will.
        for id in ids {
            drop(RawPeer::connect(&self.broker, &id).await);
        }
        let mut cleaner = RawPeer::connect(&self.broker, "mqtt-agent-tests-cleaner").await;
        cleaner.subscribe("#").await;
        while let Some(message) = cleaner.next_within("", QUIET).await {
            if !message.payload.is_empty() {
                cleaner.retain(&String::from_utf8_lossy(&message.topic), "").await;
            }
        }
    }
}

async fn relay(mut client: TcpStream, broker: String) {
    let Ok(mut server) = TcpStream::connect(&broker).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut start = vec![0; 4096];
    let Ok(length) = client.read(&mut start).await else { return };
    start.truncate(length);
    if let Some(id) = client_id(&start) {
        IDS.lock().expect("ids").insert(id);
    }
    if server.write_all(&start).await.is_ok() {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

/// The client id of a CONNECT, which the first bytes of a connection are.
fn client_id(packet: &[u8]) -> Option<String> {
    let after_length = |bytes: &[u8], from: usize| {
        (from..from + 4)
            .find(|index| bytes.get(*index).is_some_and(|byte| byte & 0x80 == 0))
            .map(|last| last + 1)
    };
    let start = after_length(packet, 1)?;
    // Name, version, flags and keep-alive; then the length of the properties.
    let properties = start + 10;
    let length = packet.get(properties..)?.iter().take(4).scan(true, |more, byte| {
        let counts = *more;
        *more = byte & 0x80 != 0;
        counts.then_some(usize::from(byte & 0x7f))
    });
    let length = length.enumerate().fold(0, |sum, (index, digits)| sum + (digits << (7 * index)));
    let id = after_length(packet, properties)? + length;
    let size = usize::from(u16::from_be_bytes([*packet.get(id)?, *packet.get(id + 1)?]));
    let id = String::from_utf8(packet.get(id + 2..id + 2 + size)?.to_vec()).ok()?;
    (!id.is_empty()).then_some(id)
}
