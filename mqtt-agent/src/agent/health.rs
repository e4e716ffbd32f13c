//! [`Health`]: what a program's own probes ask of an agent that serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::link::ConnectionState;
use crate::mcp::Tallies;

/// How an agent is, now and whenever it is asked; made by [`Running::health`](crate::Running::health). Clones tell of the same
/// agent and may outlive it: keep one where an HTTP server answers the probes of a cluster.
///
/// ```no_run
/// # async fn example(agent: mqtt_agent::Running) {
/// let health = agent.health();
/// let ready = move || if health.is_ready() { 200 } else { 503 };
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Health {
    state: watch::Receiver<ConnectionState>,
    serves: Arc<AtomicBool>,
    since: Instant,
    tallies: Tallies,
}

impl Health {
    pub(super) fn new(
        state: watch::Receiver<ConnectionState>,
        serves: Arc<AtomicBool>,
        since: Instant,
        tallies: Tallies,
    ) -> Self {
        Self { state, serves, since, tallies }
    }

    /// Whether the agent is there, with a connection or on its way to a new one. One that was stopped is not: a cluster starts
    /// the process anew.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.serves.load(Relaxed) && *self.state.borrow() != ConnectionState::Stopped
    }

    /// Whether it can be called: it is connected, and does not stop.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.serves.load(Relaxed) && self.state.borrow().is_connected()
    }

    /// The state of its connection.
    #[must_use]
    pub fn connection(&self) -> ConnectionState {
        self.state.borrow().clone()
    }

    /// For how long it has served.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.since.elapsed()
    }

    /// The calls of its tools that were taken and are not answered yet.
    #[must_use]
    pub fn calls_in_hand(&self) -> u64 {
        self.tallies.all().iter().map(|(_, tally)| tally.in_hand()).sum()
    }
}
