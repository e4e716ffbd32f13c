//! [`Announcer`]: cards and statuses are published again after each reconnect (`SUB-10`).
//!
//! The Will may have marked them offline in between, or the broker may have lost them.

use std::future::Future;

use tokio::sync::watch;

use crate::error::Result;
use crate::link::{ConnectionState, Link};

/// Knows on which connection something was announced.
#[derive(Debug)]
pub(crate) struct Announcer {
    connection: watch::Receiver<ConnectionState>,
    announced: Option<u64>,
}

impl Announcer {
    /// To be made before the first announcement: a reconnect from then on is seen.
    pub(crate) fn new(link: &Link) -> Self {
        let mut connection = link.state();
        let announced = epoch(&connection.borrow_and_update());
        Self { connection, announced }
    }

    /// Announces again on each new connection, until the connection ends for good. A failure is logged, with what was not
    /// published; the next connection tries again.
    pub(crate) async fn again<F: Future<Output = Result<()>>>(
        mut self,
        what: &'static str,
        announce: impl Fn() -> F,
    ) {
        while self.connection.changed().await.is_ok() {
            let current = epoch(&self.connection.borrow_and_update());
            if current.is_none() || current == self.announced {
                continue;
            }
            self.announced = current;
            if let Err(error) = announce().await {
                crate::log::warn!(%error, "failed to publish {what} again after a reconnect");
            }
        }
    }
}

fn epoch(state: &ConnectionState) -> Option<u64> {
    match state {
        ConnectionState::Connected { epoch, .. } => Some(*epoch),
        _ => None,
    }
}
