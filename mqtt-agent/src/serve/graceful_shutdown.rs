//! The graceful shutdown of tools, skills and topic handlers: no new work, a grace period for running handlers, and
//! then their cancellation. It does not handle cards, queues and the connection.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::link::{Link, Subscription};

/// How long the broker may take to acknowledge the end of the subscriptions, or a card.
pub(crate) const ACKNOWLEDGE: Duration = Duration::from_secs(5);

/// How long handlers that were told to end may take to do so.
const AFTER_GRACE: Duration = Duration::from_secs(1);

/// What is shut down.
#[derive(Debug)]
pub(crate) struct GracefulShutdown<'s> {
    /// The connection.
    pub(crate) link: &'s Link,
    /// What it is called in the log.
    pub(crate) what: &'static str,
    /// Cancelled when no more work is accepted.
    pub(crate) stopping: &'s CancellationToken,
    /// Cancelled when the grace is over.
    pub(crate) abandon: &'s CancellationToken,
    /// Owns the tokio task of every handler.
    pub(crate) tasks: &'s TaskTracker,
    /// How long what runs may take to end by itself.
    pub(crate) grace: Duration,
}

impl GracefulShutdown<'_> {
    /// Ends the subscriptions, and waits for what runs.
    pub(crate) async fn run(self, subscriptions: Vec<Subscription>) {
        let Self { link, what, stopping, abandon, tasks, grace } = self;
        link.draining();
        // SUB-8a: a member that leaves without unsubscribing would be given its share of the calls until its session ends.
        let leave = futures_util::future::join_all(subscriptions.into_iter().map(Subscription::unsubscribe));
        if link.attend(ACKNOWLEDGE, leave).await.is_none() {
            crate::log::warn!("failed to end the subscriptions: the broker did not acknowledge it");
        }
        stopping.cancel();
        tasks.close();
        if timeout(grace, tasks.wait()).await.is_err() {
            crate::log::warn!(running = tasks.len(), "cancelled {what} that outlast the grace of the stop");
            abandon.cancel();
            drop(timeout(AFTER_GRACE, tasks.wait()).await);
        }
    }
}
