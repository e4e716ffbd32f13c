//! [`AgentChanges`]: watching which agents join, leave and change.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::Wanted;
use super::book::Book;
use super::change::AgentChange;
use super::complete::complete;
use super::presences::Presences;
use crate::kept::Kept;
use crate::link::{ConnectionState, Link};
use crate::spawn;
use crate::wire::Namespace;

/// The changes of agents; made by [`ListAgents::watch`](super::ListAgents::watch).
///
/// It is a [`Stream`] that ends when the connection is closed. It does not have to be read continuously: it keeps the
/// current card of each agent, for at most 100,000 agents and 128 MiB of cards, and reports the differences from what
/// it reported before.
#[derive(Debug)]
pub struct AgentChanges {
    link: Link,
    connection: watch::Receiver<ConnectionState>,
    /// The session at the broker that the current knowledge comes from.
    session: u64,
    book: Book,
    presences: Presences,
    /// Whether the broker delivered everything, as far as is known.
    all: Arc<AtomicBool>,
    /// Completes when something has arrived.
    news: Kept<()>,
    // Fetches what the broker dropped of what was retained.
    _completing: AbortOnDropHandle<()>,
}

impl AgentChanges {
    pub(super) fn new(
        link: Link,
        namespace: Namespace,
        connection: watch::Receiver<ConnectionState>,
        session: u64,
        presences: Presences,
        wanted: Wanted,
    ) -> Self {
        let all = Arc::new(AtomicBool::new(true));
        let (cards, statuses) = (presences.cards.clone(), presences.statuses.clone());
        let completing =
            complete(link.clone(), namespace.clone(), cards.clone(), statuses.clone(), Arc::clone(&all));
        Self {
            link,
            connection,
            session,
            book: Book::new(namespace, cards, statuses, wanted),
            presences,
            all,
            news: Kept::default(),
            _completing: spawn::owned(completing),
        }
    }

    /// Whether it knows all agents, as far as it can tell. False if there are more than it keeps, or if the broker's
    /// queue had no room for all retained cards at the start. A missing agent joins when it publishes its card again.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.all.load(Ordering::Acquire) && !self.book.is_full()
    }

    /// Waits for the next change; `None` when the connection was closed. Cancel safe: no change is lost.
    pub async fn next(&mut self) -> Option<AgentChange> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<AgentChange>> {
        loop {
            // First: what comes in after a new session has begun is never taken for something older.
            let state = self.connection.borrow_and_update();
            let (is_new, is_stopped) = (state.has_changed(), *state == ConnectionState::Stopped);
            drop(state);
            if is_new {
                self.connected();
            }
            if let Some(change) = self.book.next_known() {
                return Poll::Ready(Some(change));
            }
            if is_stopped {
                return Poll::Ready(None);
            }
            let now = Instant::now();
            let returned = self.book.returned_at();
            if returned.is_some_and(|until| until <= now) {
                self.book.forget();
                continue;
            }
            if let Some(left) = self.book.next_left(now) {
                return Poll::Ready(Some(left));
            }
            let until = returned.into_iter().chain(self.book.left_at()).min();
            ready!(self.news.poll(cx, || {
                let (mut connection, arrived) = (self.connection.clone(), self.presences.arrived());
                Box::pin(async move {
                    tokio::select! {
                        _ = connection.changed() => {}
                        () = arrived => {}
                        () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
                    }
                })
            }));
        }
    }

    /// After a new session the broker may have lost retained messages; those that it has arrive again.
    fn connected(&mut self) {
        let session = self.link.session();
        if self.session != session
            && let ConnectionState::Connected { since, .. } = *self.connection.borrow()
        {
            self.session = session;
            self.book.renewed(since.into());
        }
    }
}

impl Stream for AgentChanges {
    type Item = AgentChange;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AgentChange>> {
        self.get_mut().poll(cx)
    }
}
