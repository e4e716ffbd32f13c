//! [`Clock`]: how long a listing takes.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::burst::settle;
use super::latest::Latest;
use crate::deadline;

/// How long a listing may take when cards still come after its window.
const CAP: Duration = Duration::from_secs(10);

/// How long no card has to come for the window not to be extended.
const QUIET: Duration = Duration::from_millis(100);

/// The window of a listing, and how far it may be extended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    window: Instant,
    cap: Instant,
}

impl Clock {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window: deadline::within(window).into(), cap: deadline::within(window.max(CAP)).into() }
    }

    /// When it has to end.
    pub(crate) fn cap(&self) -> Instant {
        self.cap
    }

    /// Waits for the end of the window, and on while cards still come. `false` when they still do at the cap.
    pub(crate) async fn rest(&self, latest: &[&Latest]) -> bool {
        sleep_until(self.window).await;
        self.settled(latest).await
    }

    /// Waits while cards still come. `false` when they still do at the cap.
    pub(crate) async fn settled(&self, latest: &[&Latest]) -> bool {
        settle(latest, QUIET, self.cap).await
    }
}
