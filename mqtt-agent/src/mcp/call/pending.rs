//! The calls of one connection that wait for an answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::link::Inbound;
use crate::wire::{Identifier, Response};

/// Who waits, by call id. Short look-ups only: the lock is never held across an await or a parse.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<HashMap<Identifier, oneshot::Sender<Inbound>>>);

impl Pending {
    pub(crate) fn wait(&self, call_id: Identifier) -> oneshot::Receiver<Inbound> {
        let (sender, receiver) = oneshot::channel();
        self.calls().insert(call_id, sender);
        receiver
    }

    pub(crate) fn forget(&self, call_id: &Identifier) {
        self.calls().remove(call_id);
    }

    /// Ends every wait: no answer will come any more.
    pub(crate) fn end(&self) {
        self.calls().clear();
    }

    /// Hands an answer to whoever waits for it, by Correlation Data or else by the payload's `call_id` (`MCP-6`).
    /// An answer that nobody waits for is a late or a forged one, and is dropped.
    pub(crate) fn receive(&self, inbound: Inbound) {
        let correlation = inbound.properties.correlation_data.as_deref();
        let by_correlation = correlation
            .and_then(|data| std::str::from_utf8(data).ok())
            .and_then(|id| self.calls().remove(id));
        let waiting = by_correlation.or_else(|| {
            let id = Response::read_call_id(&inbound.payload)?;
            self.calls().remove(id.as_str())
        });
        match waiting {
            // A caller that left in this moment loses nothing.
            Some(sender) => drop(sender.send(inbound)),
            None => tracing::debug!(topic = inbound.topic(), "an answer that no call waits for was dropped"),
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Identifier, oneshot::Sender<Inbound>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
