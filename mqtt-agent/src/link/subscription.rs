//! The handle for the owner of a subscription.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::command::Command;
use super::inbound::MessageHandler;
use super::routes::Route;

/// A granted subscription. Dropping it ends it: nothing is delivered from then on, and the broker is told in the
/// background when no other subscription uses the same filter.
#[must_use = "dropping it ends the subscription"]
pub(crate) struct Subscription {
    /// Keeps the connection open.
    commands: mpsc::UnboundedSender<Command>,
    id: u64,
    filter: Arc<str>,
    alive: Arc<AtomicBool>,
    open: bool,
}

impl Subscription {
    pub(super) fn new(commands: mpsc::UnboundedSender<Command>, id: u64, filter: &str) -> Self {
        Self { commands, id, filter: filter.into(), alive: Arc::new(AtomicBool::new(true)), open: true }
    }

    /// Where its messages go, for as long as it lives.
    pub(super) fn route(&self, handler: MessageHandler) -> Route {
        Route { id: self.id, handler, alive: Arc::clone(&self.alive) }
    }

    /// The topic filter.
    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }

    /// Leaves it to the session: it goes on for as long as the connection, and the broker keeps what comes after that.
    pub(crate) fn keep(mut self) {
        self.open = false;
    }

    /// Ends the subscription and waits until the broker has acknowledged it. What comes until then is still delivered.
    pub(crate) async fn unsubscribe(mut self) {
        let (done, gone) = oneshot::channel();
        self.open = false;
        let _ = self.commands.send(Command::Unsubscribe { id: self.id, done: Some(done) });
        // Also over when there was nothing to undo, or no connection any more to do it on.
        let _ = gone.await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.open {
            self.alive.store(false, Ordering::Release);
            let _ = self.commands.send(Command::Unsubscribe { id: self.id, done: None });
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Subscription").field(&self.filter).finish()
    }
}
