//! [`Sessions`]: the sessions of one identity's legacy hosts, in a limited number.
//!
//! Sessions do not depend on the broker, which may be lost and come back. A session without a stream ends after a
//! while, and a session above the limit replaces the one that was unused for longest; its host has to send `initialize`
//! again, as MCP specifies.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::SessionManager;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, SessionTransport,
};
use rmcp::transport::streamable_http_server::session::{ServerSseMessage, SessionId};
use tokio::time::timeout;

use crate::log_rate::limited;

/// How long a session without a stream stays that is not used.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// How long it is waited for a session that is to end.
const END: Duration = Duration::from_secs(1);

/// The sessions of one identity.
#[derive(Debug)]
pub(super) struct Sessions {
    local: LocalSessionManager,
    book: Arc<Mutex<Book>>,
    most: usize,
}

#[derive(Debug, Default)]
struct Book(HashMap<SessionId, Entry>);

#[derive(Debug)]
struct Entry {
    used: Instant,
    /// Its streams.
    open: usize,
}

impl Book {
    /// Adds a session; gives the one that has to make room for it.
    fn add(&mut self, id: SessionId, now: Instant, most: usize) -> Option<SessionId> {
        let is_full = self.0.len() >= most;
        let oldest = self.0.iter().min_by_key(|(_, entry)| (entry.open > 0, entry.used));
        let out = oldest.filter(|_| is_full).map(|(id, _)| SessionId::clone(id));
        if let Some(out) = &out {
            self.0.remove(out);
        }
        self.0.insert(id, Entry { used: now, open: 0 });
        out
    }

    fn touch(&mut self, id: &SessionId, now: Instant) {
        if let Some(entry) = self.0.get_mut(id) {
            entry.used = now;
        }
    }

    fn opened(&mut self, id: &SessionId) {
        if let Some(entry) = self.0.get_mut(id) {
            entry.open += 1;
        }
    }

    fn closed(&mut self, id: &SessionId, now: Instant) {
        if let Some(entry) = self.0.get_mut(id) {
            entry.open = entry.open.saturating_sub(1);
            entry.used = now;
        }
    }

    /// Takes those out that are unused for too long.
    fn idle(&mut self, now: Instant) -> Vec<SessionId> {
        let is_idle = |_: &SessionId, entry: &mut Entry| {
            entry.open == 0 && now.saturating_duration_since(entry.used) >= IDLE
        };
        self.0.extract_if(is_idle).map(|(id, _)| id).collect()
    }
}

impl Sessions {
    pub(super) fn new(most: usize) -> Self {
        let mut local = LocalSessionManager::default();
        // What is idle is known here, where streams are known too.
        local.session_config.keep_alive = None;
        Self { local, book: Arc::default(), most }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        locked(&self.book)
    }

    /// Ends those that are unused for too long.
    pub(super) async fn tidy(&self) {
        let idle = self.book().idle(Instant::now());
        for id in idle {
            self.end(&id).await;
        }
    }

    /// Ends a session that is out of the book.
    async fn end(&self, id: &SessionId) {
        // It is out of the manager's list in any case, and then its task ends.
        if let Ok(Err(error)) = timeout(END, self.local.close_session(id)).await {
            crate::log::debug!(%error, "failed to end a session");
        }
    }

    fn open<S>(&self, id: &SessionId, stream: S) -> Open<S> {
        self.book().opened(id);
        Open { stream: Box::pin(stream), book: Arc::clone(&self.book), id: SessionId::clone(id) }
    }
}

fn locked(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = SessionTransport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (id, transport) = self.local.create_session().await?;
        let out = self.book().add(SessionId::clone(&id), Instant::now(), self.most);
        if let Some(out) = out {
            limited!(warn, "dropped a session: there were too many of its identity");
            self.end(&out).await;
        }
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.local.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.book().touch(id, Instant::now());
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.book().0.remove(id);
        self.local.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.open(id, self.local.create_stream(id, message).await?))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        self.local.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.open(id, self.local.create_standalone_stream(id).await?))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.open(id, self.local.resume(id, last_event_id).await?))
    }
}

/// A stream of a session.
struct Open<S> {
    stream: Pin<Box<S>>,
    book: Arc<Mutex<Book>>,
    id: SessionId,
}

impl<S: Stream> Stream for Open<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.stream.as_mut().poll_next(cx)
    }
}

impl<S> Drop for Open<S> {
    fn drop(&mut self) {
        locked(&self.book).closed(&self.id, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> SessionId {
        name.into()
    }

    #[test]
    fn one_too_many_takes_the_place_of_the_one_that_was_unused_for_longest() {
        let (mut book, now) = (Book::default(), Instant::now());
        let at = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(book.add(id("a"), at(0), 2), None);
        assert_eq!(book.add(id("b"), at(1), 2), None);
        book.touch(&id("a"), at(2));
        assert_eq!(book.add(id("c"), at(3), 2), Some(id("b")));
    }

    #[test]
    fn a_session_with_a_stream_is_the_last_to_go() {
        let (mut book, now) = (Book::default(), Instant::now());
        let at = |seconds| now + Duration::from_secs(seconds);
        book.add(id("a"), at(0), 2);
        book.opened(&id("a"));
        book.add(id("b"), at(1), 2);
        assert_eq!(book.add(id("c"), at(2), 2), Some(id("b")));
        book.opened(&id("c"));
        assert_eq!(book.add(id("d"), at(3), 2), Some(id("a")));
    }

    #[test]
    fn a_session_without_a_stream_ends_after_a_while() {
        let (mut book, now) = (Book::default(), Instant::now());
        book.add(id("a"), now, 2);
        book.add(id("b"), now, 2);
        book.opened(&id("a"));
        assert_eq!(book.idle(now + IDLE), [id("b")]);
        book.closed(&id("a"), now + IDLE);
        assert_eq!(book.idle(now + IDLE), Vec::<SessionId>::new());
        assert_eq!(book.idle(now + 2 * IDLE), [id("a")]);
    }
}
