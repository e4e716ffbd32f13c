//! [`Health`]: for health probes of a served agent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::link::ConnectionState;
use crate::mcp::Tallies;

/// The current health of an agent; made by [`Running::health`](crate::Running::health). Clones report on the same agent
/// and may outlive it: keep one in the HTTP server that answers a cluster's probes.
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

    /// Liveness: true while the agent is connected or reconnecting, false once it was stopped, so that a cluster
    /// restarts the process.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.serves.load(Relaxed) && *self.state.borrow() != ConnectionState::Stopped
    }

    /// Readiness: whether the agent can be called, that is, it is connected and not stopping.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.serves.load(Relaxed) && self.state.borrow().is_connected()
    }

    /// The state of the connection.
    #[must_use]
    pub fn connection(&self) -> ConnectionState {
        self.state.borrow().clone()
    }

    /// How long the agent has been serving.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.since.elapsed()
    }

    /// The number of accepted tool calls that are not answered yet.
    #[must_use]
    pub fn calls_in_hand(&self) -> u64 {
        self.tallies.all().iter().map(|(_, tally)| tally.in_hand()).sum()
    }
}
