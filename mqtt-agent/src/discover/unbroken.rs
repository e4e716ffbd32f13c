//! [`Unbroken`]: whether something was looked for on one connection. What did not come on one that was lost may be there
//! all the same.

use std::time::Duration;

use tokio::time::Instant;

use super::error::DiscoverError;
use crate::deadline;
use crate::link::Link;

/// How long a look is made again after the connection was lost.
const BACK: Duration = Duration::from_secs(10);

/// How long what is retained may take to come behind the grant of its subscription, which may be late itself.
const BEHIND: Duration = Duration::from_millis(100);

/// The connection on which a look began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unbroken {
    epoch: u64,
    began: Instant,
}

impl Unbroken {
    /// The connection of now, before anything is asked.
    pub(crate) fn since_now(link: &Link) -> Self {
        Self { epoch: link.epoch(), began: Instant::now() }
    }

    /// Whether there was one, and there still is the same.
    pub(crate) fn holds(self, link: &Link) -> bool {
        self.epoch != 0 && link.epoch() == self.epoch
    }

    /// Holds that what did not come is not there.
    pub(crate) fn or_unknown(self, link: &Link) -> Result<(), DiscoverError> {
        if self.holds(link) { Ok(()) } else { Err(DiscoverError::Timeout(self.began.elapsed())) }
    }
}

/// Until when something is waited for whose subscription was granted just now.
pub(crate) fn once_granted(until: Instant) -> Instant {
    until.max(Instant::now() + BEHIND)
}

/// Looks for something, and again as long as nothing is known for want of a connection.
pub(crate) async fn until_known<T, F>(
    within: Duration,
    look: impl Fn(Instant) -> F,
) -> Result<T, DiscoverError>
where
    F: Future<Output = Result<T, DiscoverError>>,
{
    let give_up = deadline::within(within.max(BACK));
    loop {
        match look(deadline::within(within).into()).await {
            Err(DiscoverError::Timeout(_)) if std::time::Instant::now() < give_up => {}
            found => return found,
        }
    }
}
