//! [`Queries`]: the pending queries for tasks (`A2A-16`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::link::Inbound;
use crate::wire::Identifier;

/// Who waits, by what the answer is correlated by. Short look-ups only: the lock is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct Queries(Mutex<HashMap<Identifier, oneshot::Sender<Bytes>>>);

/// A question that waits for its answer. Dropped, it waits no more.
#[derive(Debug)]
pub(crate) struct Query {
    queries: Arc<Queries>,
    id: Identifier,
    answer: oneshot::Receiver<Bytes>,
}

impl Queries {
    /// A new question.
    pub(crate) fn ask(self: &Arc<Self>) -> Query {
        let (sender, answer) = oneshot::channel();
        let id = Identifier::random();
        self.waiting().insert(id.clone(), sender);
        Query { queries: Arc::clone(self), id, answer }
    }

    /// Hands an answer to the requester; `false` for what answers no question.
    pub(super) fn receive(&self, inbound: &Inbound) -> bool {
        let correlation = inbound.properties.correlation_data.as_deref();
        let id = correlation.and_then(|data| std::str::from_utf8(data).ok());
        let Some(sender) = id.and_then(|id| self.waiting().remove(id)) else { return false };
        // Who left in this moment loses nothing.
        drop(sender.send(inbound.payload.clone()));
        true
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Identifier, oneshot::Sender<Bytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Query {
    /// What its answer is correlated by.
    pub(crate) fn id(&self) -> &Identifier {
        &self.id
    }

    /// The answer; `None` when none will come.
    pub(crate) async fn answer(&mut self) -> Option<Bytes> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        self.queries.waiting().remove(self.id.as_str());
    }
}
