//! A TCP proxy that can cut connections, hang, and redirect connections.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where nobody listens.
pub(super) const NOWHERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 1);

#[derive(Clone, Copy)]
struct Control {
    upstream: SocketAddr,
    /// Connections of an earlier generation are cut.
    generation: u64,
    frozen: bool,
    /// A connection is cut after so many bytes, wherever in a packet that is.
    budget: usize,
}

pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    control: Arc<watch::Sender<Control>>,
    accepted: Arc<AtomicUsize>,
}

impl Proxy {
    pub(super) async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let control = Arc::new(watch::Sender::new(Control {
            upstream,
            generation: 0,
            frozen: false,
            budget: usize::MAX,
        }));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (controls, count) = (Arc::clone(&control), Arc::clone(&accepted));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(forward(socket, controls.subscribe()));
            }
        });
        Self { address, control, accepted }
    }

    pub(super) fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// Cuts every connection.
    pub(super) fn cut(&self) {
        self.control.send_modify(|control| control.generation += 1);
    }

    /// Stops moving bytes, in both directions, on the connections there are. New ones work.
    pub(super) fn freeze(&self, frozen: bool) {
        self.control.send_modify(|control| control.frozen = frozen);
    }

    /// Gives connections from now on so many bytes to live.
    pub(super) fn ration(&self, budget: usize) {
        self.control.send_modify(|control| control.budget = budget);
    }

    /// Leads new connections elsewhere, and cuts the others.
    pub(super) fn lead_to(&self, upstream: SocketAddr) {
        self.control.send_modify(|control| {
            control.upstream = upstream;
            control.generation += 1;
        });
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn forward(socket: TcpStream, mut control: watch::Receiver<Control>) {
    let Control { upstream, generation, budget, .. } = *control.borrow();
    let budget = AtomicUsize::new(budget);
    let Ok(broker) = TcpStream::connect(upstream).await else { return };
    socket.set_nodelay(true).unwrap();
    broker.set_nodelay(true).unwrap();
    let (from, to) = socket.into_split();
    let (back_from, back_to) = broker.into_split();
    let (up, down) =
        (copy(from, back_to, control.clone(), &budget), copy(back_from, to, control.clone(), &budget));
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = control.wait_for(|control| control.generation != generation) => {}
    }
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut control: watch::Receiver<Control>,
    budget: &AtomicUsize,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if control.wait_for(|control| !control.frozen).await.is_err() {
            return;
        }
        let left = budget.load(Ordering::SeqCst);
        let count = count.min(left);
        budget.store(left - count, Ordering::SeqCst);
        if to.write_all(&buffer[..count]).await.is_err() || count == left {
            return;
        }
    }
}
