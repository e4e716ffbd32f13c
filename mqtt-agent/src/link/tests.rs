//! The link against real brokers: the embedded one, or Mosquitto with `MQTT_AGENT_TEST_MOSQUITTO=1`
//! or with the path of one instead of the 1.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod acknowledging;
mod broker;
mod closing;
mod connecting;
mod logs;
mod pki;
mod poison;
mod proxy;
mod publishing;
mod recovery;
mod repeating;
mod subscribing;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Ack, ConnectionState, Filter, Inbound, Link, LinkOptions, MessageHandler, Subscription};

/// No wait of a test is longer.
const DEADLINE: Duration = Duration::from_secs(60);

/// Awaits something that has to happen.
async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future).await.expect("it did not happen in time")
}

/// Options with a client id that no other test has.
fn options(url: impl Into<String>) -> LinkOptions {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let id = format!("link-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = LinkOptions::new(url, id);
    options.max_backoff = Duration::from_millis(500);
    options
}

async fn open(options: LinkOptions) -> Link {
    let link = Link::open(options).unwrap();
    link.connected(DEADLINE).await.unwrap();
    link
}

async fn connect(url: impl Into<String>) -> Link {
    open(options(url)).await
}

/// A received message; acknowledged when it is dropped.
#[derive(Debug)]
struct Got {
    inbound: Inbound,
    ack: Option<Ack>,
}

impl Got {
    /// Acknowledges.
    fn done(self) {}

    /// Leaves it to the session.
    fn leave(mut self) {
        self.ack.take().unwrap().leave();
    }
}

impl std::ops::Deref for Got {
    type Target = Inbound;

    fn deref(&self) -> &Inbound {
        &self.inbound
    }
}

impl Drop for Got {
    fn drop(&mut self) {
        if let Some(ack) = self.ack.take() {
            ack.in_memory();
        }
    }
}

/// A handler that queues what it gets, and the queue.
fn inbox() -> (MessageHandler, mpsc::UnboundedReceiver<Got>) {
    let (tx, rx) = mpsc::unbounded_channel();
    let handler =
        MessageHandler::acknowledging(move |inbound, ack| drop(tx.send(Got { inbound, ack: Some(ack) })));
    (handler, rx)
}

async fn subscribe(link: &Link, filter: &str) -> (Subscription, mpsc::UnboundedReceiver<Got>) {
    let (handler, rx) = inbox();
    let mut granted = soon(link.subscribe(vec![Filter::new(filter)], handler)).await;
    (granted.remove(0).unwrap(), rx)
}

/// Waits for the connection with this number, or a later one.
async fn epoch(link: &Link, wanted: u64) {
    let mut state = link.state();
    let reached = |state: &ConnectionState| matches!(state, ConnectionState::Connected { epoch, .. } if *epoch >= wanted);
    soon(state.wait_for(reached)).await.unwrap();
}

/// Waits for there being no connection.
async fn disconnected(link: &Link) {
    let mut state = link.state();
    soon(state.wait_for(|state| matches!(state, ConnectionState::Connecting { .. }))).await.unwrap();
}

fn text(inbound: &Inbound) -> String {
    String::from_utf8(inbound.payload.to_vec()).unwrap()
}
