//! What the tests of faults serve, and what they wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::a2a::{TaskHandle, TaskUpdateError};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
pub(crate) use support::connected_again;
use support::{Direction, Proxy, TestBroker, eventually, soon};
use tokio::sync::Semaphore;

/// How long nothing may come where nothing can.
pub(crate) const NOTHING: Duration = Duration::from_millis(300);

/// Counts the handlers that began and those that ended or were dropped, and lets them go on.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    began: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { began: Arc::default(), ended: Arc::default(), open: Arc::new(Semaphore::new(0)) }
    }

    pub(crate) fn began(&self) -> usize {
        self.began.load(Ordering::SeqCst)
    }

    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self, handlers: usize) {
        self.open.add_permits(handlers);
    }

    /// Counts itself, and waits until it is let go; gives the number that it began as.
    pub(crate) async fn pass(&self) -> usize {
        struct Ends<'g>(&'g Gate);
        impl Drop for Ends<'_> {
            fn drop(&mut self) {
                self.0.ended.fetch_add(1, Ordering::SeqCst);
            }
        }
        let _ends = Ends(self);
        let number = self.began.fetch_add(1, Ordering::SeqCst) + 1;
        self.open.acquire().await.unwrap().forget();
        number
    }

    pub(crate) async fn until_began(&self, handlers: usize) {
        eventually("handlers began", || async { (self.began() >= handlers).then_some(()) }).await;
    }

    pub(crate) async fn until_ended(&self, handlers: usize) {
        eventually("handlers ended", || async { (self.ended() >= handlers).then_some(()) }).await;
    }
}

/// Doubles a number.
#[tool]
pub(crate) async fn double(number: u64) -> u64 {
    number * 2
}

/// Waits until it is let go.
#[tool(timeout = "60s")]
pub(crate) async fn hold(State(gate): State<Gate>) -> usize {
    gate.pass().await
}

/// Waits until it is let go.
#[skill]
pub(crate) async fn wait_at_gate(State(gate): State<Gate>) -> usize {
    gate.pass().await
}

/// Asks for a name when it is let go.
#[skill]
pub(crate) async fn greet_at_gate(task: Task, State(gate): State<Gate>) -> Result<String, TaskUpdateError> {
    gate.pass().await;
    Ok(format!("hello {}", task.ask("Who?").await?.text()))
}

/// An agent with all that waits at a gate.
pub(crate) fn worker(gate: &Gate) -> Agent {
    Agent::new("worker")
        .tools(tools![double, hold])
        .skills(skills![wait_at_gate, greet_at_gate])
        .state(gate.clone())
}

/// Proxies in front of a broker: one for an agent, one for its client.
pub(crate) async fn proxies(broker: &TestBroker) -> (Proxy, Proxy) {
    (Proxy::start(broker.address()).await, Proxy::start(broker.address()).await)
}

/// Options with which a silent connection is given up within eight seconds.
pub(crate) fn attentive(url: String) -> ConnectOptions {
    ConnectOptions::new(url).keep_alive(Duration::from_secs(5))
}

/// Waits until there is no connection.
pub(crate) async fn disconnected(client: &Client) {
    let mut connection = client.connection();
    soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
}

/// Reads updates until one is of this state.
pub(crate) async fn until_state<T>(task: &mut TaskHandle<T>, wanted: TaskState) {
    while soon(task.next()).await.expect("it goes on").state != wanted {}
}

/// Both ways that half of a connection can die.
pub(crate) const DIRECTIONS: [Direction; 2] = [Direction::ToBroker, Direction::ToClient];
