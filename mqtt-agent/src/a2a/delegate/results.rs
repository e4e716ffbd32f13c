//! [`Results`]: delegated tasks that ended while nothing waited for them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

use crate::kept::Kept;
use crate::session::{DelegateError, Session, SessionHandle, Unread};
use crate::store::StoreError;
use crate::wire::Task;

/// The delegated tasks that ended while nothing waited for them: those whose [`TaskHandle`](super::TaskHandle) was
/// dropped, and with a durable store those of an earlier process. Made by [`Client::results`](crate::Client::results).
///
/// It is a [`Stream`] that ends when the connection is closed or the store fails; [`finish`](Self::finish) returns
/// which.
#[derive(Debug)]
pub struct Results {
    handle: SessionHandle,
    next: Kept<Result<Option<Task>, StoreError>>,
    end: Option<Result<(), StoreError>>,
}

impl Results {
    pub(crate) fn new(handle: SessionHandle) -> Self {
        Self { handle, next: Kept::default(), end: None }
    }

    /// Waits for the next task; each is returned once. `None` when the connection was closed or the store failed.
    ///
    /// Cancel safe: no task is lost.
    pub async fn next(&mut self) -> Option<Task> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Returns why there are no more tasks: `Ok` if the connection was closed. Results that could not be read from the
    /// store are returned by a new [`Client::results`](crate::Client::results).
    ///
    /// # Errors
    ///
    /// [`DelegateError::Store`] when the store failed.
    pub fn finish(self) -> Result<(), DelegateError> {
        self.end.unwrap_or(Ok(())).map_err(DelegateError::Store)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Task>> {
        if self.end.is_some() {
            return Poll::Ready(None);
        }
        let session = self.handle.session();
        let next = ready!(self.next.poll(cx, || Box::pin(next(Arc::clone(session)))));
        Poll::Ready(match next {
            Ok(Some(task)) => Some(task),
            Ok(None) => {
                self.end = Some(Ok(()));
                None
            }
            Err(error) => {
                self.end = Some(Err(error));
                None
            }
        })
    }
}

impl Stream for Results {
    type Item = Task;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Task>> {
        self.get_mut().poll(cx)
    }
}

async fn next(session: Arc<Session>) -> Result<Option<Task>, StoreError> {
    loop {
        let Some(unread) = session.delegations().next_unclaimed().await? else { return Ok(None) };
        if let Some(task) = take(&session, unread).await? {
            return Ok(Some(task));
        }
    }
}

/// Takes a task that ended without a waiter. `None`: it was pruned meanwhile, or taken.
pub(super) async fn take(session: &Arc<Session>, unread: Unread) -> Result<Option<Task>, StoreError> {
    let mut popped = Popped { session: Arc::clone(session), unread, done: false };
    let record = session.delegations().settle(&popped.unread).await?;
    popped.done = true;
    Ok(record.map(|record| record.task))
}

/// A task that was taken from the queue. Dropped before it is delivered, it goes back.
struct Popped {
    session: Arc<Session>,
    unread: Unread,
    done: bool,
}

impl Drop for Popped {
    fn drop(&mut self) {
        let (delegations, task_id) = (self.session.delegations(), &self.unread.task_id);
        if self.done {
            delegations.claimed(task_id);
        } else {
            delegations.unclaimed(task_id.clone());
        }
    }
}
