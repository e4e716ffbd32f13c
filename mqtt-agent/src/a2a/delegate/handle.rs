//! [`TaskHandle`]: a delegated task.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kept::Kept;
use crate::link::Subscription;
use crate::session::{DelegateError, Delegation, SessionHandle, Waiting, outcome};
use crate::shown::shown;
use crate::spawn;
use crate::wire::{Artifact, Part, Role, TaskMessage, TaskResult, TaskState};

/// A task that was delegated; made by [`Client::delegate`](crate::Client::delegate).
///
/// It is a [`Stream`] of updates, which ends when the task has ended; then [`result`](Self::result) has its result.
///
/// Dropping it does not affect the task; the result then goes to [`Client::results`](crate::Client::results).
#[derive(Debug)]
pub struct TaskHandle<T = Value> {
    task: Delegated,
    result: PhantomData<fn() -> T>,
}

/// The part that does not depend on the result's type.
#[derive(Debug)]
pub(super) struct Delegated {
    handle: SessionHandle,
    delegation: Arc<Delegation>,
    waiting: Waiting,
    /// Completes when the task has ended or the connection was closed.
    over: Kept<()>,
    taken: bool,
    /// Where the end of a task goes that somebody else waited for.
    _result: Option<Subscription>,
}

/// An update of a task before its end (`A2A-13`).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskUpdate {
    /// The task's state.
    pub state: TaskState,
    /// A message of the agent: its progress, or in the state `InputRequired` its question.
    pub message: Option<TaskMessage>,
    /// New artifacts.
    pub artifacts: Vec<Artifact>,
    /// The executor's id, which is a claim (`SUB-7`); with replicas, the id of the replica.
    pub from: String,
}

impl From<TaskResult> for TaskUpdate {
    fn from(update: TaskResult) -> Self {
        let TaskResult { status, message, artifacts, from, .. } = update;
        Self { state: status, message, artifacts, from }
    }
}

impl<T> TaskHandle<T> {
    pub(super) fn new(task: Delegated) -> Self {
        Self { task, result: PhantomData }
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.task.id()
    }

    /// The agent that the task was given to.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.task.delegation.task.to
    }

    /// Waits for the next update; `None` when the task has ended or the connection was closed. Up to 256 unread updates
    /// are kept for each task, and 64 MiB for all tasks of the connection; further ones are dropped.
    ///
    /// Cancel safe: no update is lost.
    pub async fn next(&mut self) -> Option<TaskUpdate> {
        poll_fn(|cx| self.task.poll_update(cx)).await
    }

    /// Waits for the end of the task, and returns its state, the result or the error, and the artifacts.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Abandoned`] as in [`result`](Self::result).
    pub async fn ended(&mut self) -> Result<TaskResult, DelegateError> {
        self.task.ended().await
    }

    /// Answers the agent's question (`A2A-12`). Returns when the broker has accepted the answer for the agent. If the
    /// broker reports that there is no receiver, for example while the agent reconnects, the answer is sent again after
    /// 250 ms, doubling up to 5 s, until it is received or the task has ended: wrap it in `tokio::time::timeout`, or
    /// give the task a timeout. If the agent repeats its question, the answer is sent again; if the agent is silent, it
    /// is queried for the task after 15 s. An agent drops messages to a task without an open question.
    ///
    /// If the future is dropped, the answer may have been sent; it is sent again only if the agent repeats the
    /// question.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Publish`] when the broker does not take it, [`TooLarge`](DelegateError::TooLarge) as for the
    /// task, [`Unsupported`](DelegateError::Unsupported) when the agent would treat it as a new task.
    pub async fn send(&self, message: impl Into<String>) -> Result<(), DelegateError> {
        self.task.send(vec![Part::text(message)]).await
    }

    /// Like [`send`](Self::send), with any content.
    ///
    /// # Errors
    ///
    /// Those of `send`.
    pub async fn send_parts(&self, parts: Vec<Part>) -> Result<(), DelegateError> {
        self.task.send(parts).await
    }

    /// Asks the agent to cancel the task (`A2A-12`). Returns when the broker has accepted the cancellation; the task
    /// then ends with the state `canceled`, unless it ended earlier. A replica that accepts the task later receives the
    /// cancellation then. If the broker reports that there is no receiver, the cancellation is sent again for 10 s, and
    /// whenever the task is sent again.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Publish`] when the broker does not take it, [`Unsupported`](DelegateError::Unsupported) when
    /// the agent would treat it as a new task.
    pub async fn cancel(&self) -> Result<(), DelegateError> {
        self.task.cancel().await
    }
}

impl<T> Stream for TaskHandle<T> {
    type Item = TaskUpdate;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<TaskUpdate>> {
        self.get_mut().task.poll_update(cx)
    }
}

impl<T: DeserializeOwned> TaskHandle<T> {
    /// Waits for the result without a time limit: wrap it in `tokio::time::timeout`, or give the task a
    /// [`timeout`](super::Delegate::timeout). It continues after a reconnect. The result has the type that
    /// [`returning`](super::Delegate::returning) sets.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Failed`], [`Rejected`](DelegateError::Rejected) or [`Canceled`](DelegateError::Canceled) if the
    /// task ended in that state; [`UnexpectedResult`](DelegateError::UnexpectedResult) when the result is of another
    /// type; [`Abandoned`](DelegateError::Abandoned) when the connection was closed, or the calling handler was
    /// cancelled or has ended.
    pub async fn result(&mut self) -> Result<T, DelegateError> {
        let result = outcome(self.task.ended().await?)?;
        serde_json::from_value(result).map_err(DelegateError::UnexpectedResult)
    }
}

impl Delegated {
    /// `result`: where the end of a task goes that somebody else waited for.
    pub(super) fn new(
        handle: SessionHandle,
        delegation: Arc<Delegation>,
        waiting: Waiting,
        result: Option<Subscription>,
    ) -> Self {
        Self { handle, delegation, waiting, over: Kept::default(), taken: false, _result: result }
    }

    fn id(&self) -> &str {
        self.delegation.task.task_id.as_str()
    }

    fn poll_update(&mut self, cx: &mut Context<'_>) -> Poll<Option<TaskUpdate>> {
        loop {
            let Waiting { updates, end } = &mut self.waiting;
            if let Poll::Ready(Some(update)) = updates.poll_recv(cx) {
                return Poll::Ready(Some(update.into()));
            }
            if end.borrow().is_some() {
                // Those that came in between.
                return Poll::Ready(updates.try_recv().map(TaskUpdate::from));
            }
            let closed = &self.handle.session().delegations().closed;
            if closed.is_cancelled() {
                return Poll::Ready(None);
            }
            ready!(self.over.poll(cx, || {
                let (mut end, closed) = (end.clone(), closed.clone());
                Box::pin(async move {
                    tokio::select! {
                        _ = end.wait_for(Option::is_some) => {}
                        () = closed.cancelled() => {}
                    }
                })
            }));
        }
    }

    async fn ended(&mut self) -> Result<TaskResult, DelegateError> {
        let delegations = self.handle.session().delegations();
        let end = tokio::select! {
            biased;
            end = self.waiting.end.wait_for(Option::is_some) => end.ok().and_then(|end| end.clone()),
            () = self.handle.scope().cancelled() => None,
            () = delegations.closed.cancelled() => None,
        };
        let end = end.ok_or(DelegateError::Abandoned)??;
        if self.delegation.stored && !self.taken {
            delegations.taken(&self.delegation).await;
            // Last: dropped before, the result goes to `Results`.
            self.taken = true;
        }
        Ok(end)
    }

    async fn send(&self, parts: Vec<Part>) -> Result<(), DelegateError> {
        let message = TaskMessage::new(Role::User, parts);
        super::further(self.handle.session(), &self.delegation, message).await
    }

    async fn cancel(&self) -> Result<(), DelegateError> {
        let session = self.handle.session();
        super::takes_intents(session, &self.delegation).await?;
        // First: a replica that is heard of from now on is told by the task that hears of it.
        session.delegations().canceled(&self.delegation);
        let message = self.delegation.cancel(session.namespace());
        if super::send(session, message, &self.delegation.executor()).await?.no_subscribers {
            let (session, delegation) = (Arc::clone(session), Arc::clone(&self.delegation));
            let tasks = self.handle.session().delegations().tasks.clone();
            let again = async move {
                let message = || delegation.cancel(session.namespace());
                let canceled = super::again_until_received(&session, &delegation, message);
                // Until then it has ended, or it is sent again with its cancel when its agent is back.
                if let Ok(Err(error)) = tokio::time::timeout(super::CANCEL, canceled).await {
                    crate::log::debug!(task = %shown(&delegation.task.task_id), %error, "failed to cancel a task");
                }
            };
            spawn::tracked(&tasks, again);
        }
        Ok(())
    }
}

impl Drop for Delegated {
    fn drop(&mut self) {
        // One whose result was given to its user is nobody else's.
        let delegations = self.handle.session().delegations();
        if !self.delegation.stored {
            delegations.forget(&self.delegation);
        } else if !self.taken {
            delegations.dropped(&self.delegation);
        }
    }
}
