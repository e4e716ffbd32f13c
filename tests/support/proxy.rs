//! A TCP proxy between clients and their broker, which does to the network what networks do: it cuts, delays, stalls, loses
//! one direction, splits what is written, and inserts what nobody sent.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// What is read at once.
const CHUNK: usize = 16 << 10;

/// How many chunks of a direction are on their way before no more is read.
const ON_THE_WAY: usize = 256;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the broker.
    ToBroker,
    /// From the broker to the client.
    ToClient,
}

/// What holds for all connections of a proxy.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    refuses: bool,
    frozen: bool,
    split: bool,
    delay: Duration,
}

/// What happened to one connection.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    cut: bool,
    dead: Option<Direction>,
}

/// Bytes, and when they are to arrive.
type Chunk = (Instant, Vec<u8>);

/// An open connection.
#[derive(Debug)]
struct Open {
    fate: watch::Sender<Fate>,
    to_client: mpsc::Sender<Chunk>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    weather: watch::Sender<Weather>,
    open: Mutex<Vec<Open>>,
}

/// The proxy. It ends when it is dropped, with all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

impl Proxy {
    /// Starts one on a free port, in front of an address. It passes everything on until it is told something else.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared { upstream, weather: watch::Sender::default(), open: Mutex::default() });
        let for_connections = Arc::clone(&shared);
        let listener = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if !for_connections.weather.borrow().refuses {
                    connections.spawn(serve(Arc::clone(&for_connections), client));
                }
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

    /// Cuts all connections. New ones are let through.
    pub fn cut(&self) {
        for open in self.shared.open.lock().unwrap().drain(..) {
            open.fate.send_modify(|fate| fate.cut = true);
        }
    }

    /// Cuts all connections, and lets nobody in until [`open`](Self::open).
    pub fn close(&self) {
        self.shared.weather.send_modify(|weather| weather.refuses = true);
        self.cut();
    }

    /// Ends [`close`](Self::close).
    pub fn open(&self) {
        self.shared.weather.send_modify(|weather| weather.refuses = false);
    }

    /// Accepts connections and bytes, and forwards nothing until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.shared.weather.send_modify(|weather| weather.frozen = true);
    }

    /// Ends [`freeze`](Self::freeze): what was held back is forwarded.
    pub fn thaw(&self) {
        self.shared.weather.send_modify(|weather| weather.frozen = false);
    }

    /// Whatever is sent from now on arrives so much later.
    pub fn delay(&self, delay: Duration) {
        self.shared.weather.send_modify(|weather| weather.delay = delay);
    }

    /// Whether bytes are forwarded one at a time from now on.
    pub fn split(&self, split: bool) {
        self.shared.weather.send_modify(|weather| weather.split = split);
    }

    /// One direction of all connections that are open dies without a word: what is sent is swallowed, and its end as well.
    pub fn half_open(&self, dead: Direction) {
        for open in self.shared.open.lock().unwrap().iter() {
            open.fate.send_modify(|fate| fate.dead = Some(dead));
        }
    }

    /// Sends bytes to all connected clients, as if they came from the broker.
    pub async fn garbage(&self, bytes: &[u8]) {
        let open: Vec<_> = {
            let open = self.shared.open.lock().unwrap();
            open.iter().map(|open| open.to_client.clone()).collect()
        };
        for to_client in open {
            drop(to_client.send((Instant::now(), bytes.to_vec())).await);
        }
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        let mut open = self.shared.open.lock().unwrap();
        open.retain(|open| !open.fate.is_closed());
        open.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn serve(shared: Arc<Shared>, client: TcpStream) {
    let Ok(broker) = TcpStream::connect(shared.upstream).await else { return };
    for stream in [&client, &broker] {
        stream.set_nodelay(true).expect("a socket");
    }
    let (from_client, to_client) = client.into_split();
    let (from_broker, to_broker) = broker.into_split();
    let (for_client, of_client) = mpsc::channel(ON_THE_WAY);
    let (for_broker, of_broker) = mpsc::channel(ON_THE_WAY);
    let fate = watch::Sender::new(Fate::default());
    let mut cut = fate.subscribe();
    let at = |direction| At { direction, weather: shared.weather.subscribe(), fate: fate.subscribe() };
    let (out, back) = (at(Direction::ToBroker), at(Direction::ToClient));
    {
        let mut open = shared.open.lock().unwrap();
        open.retain(|open| !open.fate.is_closed());
        open.push(Open { fate, to_client: for_client.clone() });
    }
    // Whichever ends first ends the connection.
    tokio::select! {
        () = out.clone().read(from_client, for_broker) => {}
        () = back.clone().read(from_broker, for_client) => {}
        () = out.write(of_broker, to_broker) => {}
        () = back.write(of_client, to_client) => {}
        _ = cut.wait_for(|fate| fate.cut) => {}
    }
}

/// One direction of a connection.
#[derive(Debug, Clone)]
struct At {
    direction: Direction,
    weather: watch::Receiver<Weather>,
    fate: watch::Receiver<Fate>,
}

impl At {
    fn is_dead(&self) -> bool {
        self.fate.borrow().dead == Some(self.direction)
    }

    /// Reads until the sender has hung up and all that it said was passed on.
    async fn read(self, mut from: impl AsyncRead + Unpin, to: mpsc::Sender<Chunk>) {
        let mut bytes = vec![0; CHUNK];
        loop {
            let read = from.read(&mut bytes).await.unwrap_or(0);
            if self.is_dead() {
                if read == 0 {
                    return std::future::pending().await;
                }
                continue;
            }
            let due = Instant::now() + self.weather.borrow().delay;
            let Some(read) = bytes.get(..read).filter(|read| !read.is_empty()) else {
                // An empty chunk is the end; the writer ends the connection.
                drop(to.send((due, Vec::new())).await);
                return std::future::pending().await;
            };
            if to.send((due, read.to_vec())).await.is_err() {
                return;
            }
        }
    }

    /// Writes what is due, unless nothing is forwarded now.
    async fn write(mut self, mut from: mpsc::Receiver<Chunk>, mut to: impl AsyncWrite + Unpin) {
        while let Some((due, bytes)) = from.recv().await {
            tokio::time::sleep_until(due).await;
            if self.weather.wait_for(|weather| !weather.frozen).await.is_err() {
                return;
            }
            if self.is_dead() {
                continue;
            }
            let at_once = if self.weather.borrow().split { 1 } else { CHUNK };
            for bytes in bytes.chunks(at_once) {
                if to.write_all(bytes).await.is_err() {
                    return;
                }
                if at_once == 1 {
                    // So that each byte is read by itself, mostly.
                    tokio::task::yield_now().await;
                }
            }
            if bytes.is_empty() {
                return;
            }
        }
    }
}
