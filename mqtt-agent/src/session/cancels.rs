//! The cancels of one connection's dropped calls (`MCP-17`): one tokio task sends them, many in one message.

mod book;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::link::{Link, Message, PublishError, Receipt};
use crate::shown::shown;
use crate::spawn;
use crate::wire::{CancelRequest, Identifier, Namespace};
use book::Book;

/// How long a cancel is worth sending: a call rarely runs for longer, and ends at its own deadline.
const EXPIRY: Duration = Duration::from_secs(60);

/// Sends the cancels of dropped calls. What waits when it is dropped itself is handed to the connection.
#[derive(Debug, Default)]
pub(crate) struct Cancels(OnceLock<Started>);

#[derive(Debug)]
struct Started {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Shared {
    link: Link,
    namespace: Namespace,
    client: Identifier,
    book: Mutex<Book>,
    added: Notify,
}

impl Cancels {
    /// Starts the task, once. To be called before the first call is sent, from within the runtime: calls are dropped
    /// anywhere.
    pub(crate) fn start(&self, link: &Link, namespace: &Namespace, client: &Identifier) {
        self.0.get_or_init(|| {
            let shared = Arc::new(Shared {
                link: link.clone(),
                namespace: namespace.clone(),
                client: client.clone(),
                book: Mutex::default(),
                added: Notify::new(),
            });
            let task = Arc::clone(&shared);
            Started { shared, _task: spawn::owned(async move { task.run().await }) }
        });
    }

    /// Cancels a call that was sent. Best effort: a server that doesn't hear of it ends at the call's own deadline.
    pub(crate) fn add(&self, tool: &Arc<str>, call: Identifier) {
        let Some(Started { shared, .. }) = self.0.get() else { return };
        if shared.book().add(tool, call) {
            shared.added.notify_one();
        } else {
            crate::log::debug!(tool = %shown(&**tool), "dropped a cancel: too many wait to be sent");
        }
    }

    /// Hands all that wait to the connection, which is about to end.
    pub(crate) fn hand_over(&self) {
        if let Some(Started { shared, .. }) = self.0.get() {
            shared.book().end();
            while let Some((tool, queued)) = shared.queue_next() {
                log(&tool, queued);
                shared.book().sent(&tool);
            }
        }
    }
}

impl Drop for Cancels {
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl Shared {
    async fn run(&self) {
        let mut on_the_way = FuturesUnordered::new();
        loop {
            while let Some((tool, queued)) = self.queue_next() {
                on_the_way.push(arrived(tool, queued));
            }
            tokio::select! {
                () = self.added.notified() => {}
                Some(tool) = on_the_way.next() => self.book().sent(&tool),
            }
        }
    }

    /// Queues the next message, and does not publish it: what was queued is sent even when the task ends. In one step under
    /// the lock: what one has taken and not queued yet, the other could not hand over before the connection ends.
    fn queue_next(&self) -> Option<(Arc<str>, Result<Receipt, PublishError>)> {
        let mut book = self.book();
        let (tool, calls) = book.next()?;
        let queued = self.link.enqueue_control(self.message(&tool, calls));
        Some((tool, queued))
    }

    fn message(&self, tool: &str, call_ids: Vec<Identifier>) -> Message {
        let client = self.client.as_str();
        let cancel = CancelRequest { call_ids, client: Some(client.to_owned()) };
        let mut message = Message::json(self.namespace.cancel(tool), cancel.to_bytes()).with_expiry(EXPIRY);
        message.properties.response_topic = Some(self.namespace.responses(client));
        message
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a message has arrived or failed, and gives its tool.
async fn arrived(tool: Arc<str>, queued: Result<Receipt, PublishError>) -> Arc<str> {
    let outcome = match queued {
        Ok(receipt) => receipt.await,
        Err(error) => Err(error),
    };
    log(&tool, outcome);
    tool
}

fn log<T>(tool: &str, outcome: Result<T, PublishError>) {
    if let Err(error) = outcome {
        crate::log::debug!(tool = %shown(tool), %error, "failed to send a cancel");
    }
}
