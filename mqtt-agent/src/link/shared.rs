//! The state that the connection's task publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::error::ConnectError;
use super::state::ConnectionState;
use super::watchdog::Pulse;

/// Written by the connection's task, read by its handles.
pub(super) struct Shared {
    pub(super) state: watch::Sender<ConnectionState>,
    /// Why the last attempt to connect failed, where trying again won't help.
    pub(super) failure: watch::Sender<Option<ConnectError>>,
    /// The broker's Maximum Packet Size.
    pub(super) limit: AtomicUsize,
    /// How many sessions the broker began for us.
    pub(super) sessions: AtomicU64,
    /// Whether acknowledgements wait for somebody who was handed a message.
    pub(super) holds: AtomicBool,
    /// When something was received last, in milliseconds since `began`.
    heard: AtomicU64,
    /// When a wait for the broker was given up, counted as `heard`; 0 for never.
    given_up: AtomicU64,
    began: Instant,
    /// Of the handlers that the connection's messages run.
    pub(super) pulse: Arc<Pulse>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            state: watch::Sender::new(ConnectionState::Connecting { attempt: 1, error: None }),
            failure: watch::Sender::new(None),
            limit: AtomicUsize::new(usize::MAX),
            sessions: AtomicU64::new(0),
            holds: AtomicBool::new(false),
            heard: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            began: Instant::now(),
            pulse: Arc::default(),
        }
    }

    fn milliseconds(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn note_heard(&self, at: Instant) {
        self.heard.store(self.milliseconds(at), Ordering::Relaxed);
    }

    /// Notes that a wait for the broker was given up.
    pub(super) fn give_up(&self) {
        self.given_up.store(self.milliseconds(Instant::now()).max(1), Ordering::Relaxed);
    }

    /// Whether nothing was heard since a wait was given up.
    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) > self.heard.load(Ordering::Relaxed)
    }

    /// When the broker was last heard of.
    pub(super) fn heard(&self) -> Instant {
        self.began + Duration::from_millis(self.heard.load(Ordering::Relaxed))
    }
}
