//! [`TaskHandle`]: a task that was delegated, and what is heard of it.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kept::Kept;
use crate::session::{Asked, DelegateError, SessionHandle, Waiting, outcome};
use crate::shown::shown;
use crate::spawn;
use crate::wire::{Artifact, Part, Role, TaskMessage, TaskResult, TaskState};

/// A task that was delegated; made by [`Client::delegate`](crate::Client::delegate).
///
/// It is a [`Stream`] of updates, which ends when the task has ended; then [`result`](Self::result) has its result.
///
/// Dropping it changes nothing: the task is worked on, and its result goes to
/// [`Client::results`](crate::Client::results).
#[derive(Debug)]
pub struct TaskHandle<T = Value> {
    task: Delegated,
    result: PhantomData<fn() -> T>,
}

/// The same for all types of results.
#[derive(Debug)]
pub(super) struct Delegated {
    handle: SessionHandle,
    asked: Arc<Asked>,
    waiting: Waiting,
    /// Until the task has ended, or the connection was closed.
    over: Kept<()>,
    taken: bool,
}

/// What is heard of a task before it ends (`A2A-13`).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskUpdate {
    /// Where the task is.
    pub state: TaskState,
    /// What the agent says: how far it is, or in the state `InputRequired` what it asks.
    pub message: Option<TaskMessage>,
    /// What it gave.
    pub artifacts: Vec<Artifact>,
    /// Who says that they work on it (`SUB-7`): a replica where there are some.
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

    /// The agent that was asked.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.task.asked.task.to
    }

    /// The next update; `None` when the task has ended, or the connection was closed. Of those that nobody takes 256
    /// wait, and 64 MiB over all tasks of the connection; more are dropped.
    ///
    /// Cancel safe: no update is lost.
    pub async fn next(&mut self) -> Option<TaskUpdate> {
        poll_fn(|cx| self.task.poll_update(cx)).await
    }

    /// Waits for the end, however it is: the state, the result or the error, and the artifacts.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Abandoned`] as in [`result`](Self::result).
    pub async fn ended(&mut self) -> Result<TaskResult, DelegateError> {
        self.task.ended().await
    }

    /// Answers what the agent asked (`A2A-12`). Returns when the broker has it for the agent. Where the broker says that nobody
    /// receives it, as while the agent connects again, it is sent again after a quarter of a second, then twice as long up to
    /// 5 s, until somebody does or the task has ended: wrap it in `tokio::time::timeout`, or give the task a timeout. An agent
    /// that asks the same again afterwards did not receive it, and is given it once more; one that is silent is asked after
    /// 15 s. What reaches a task that does not ask is dropped by the agent.
    ///
    /// Dropped, it may have been sent, and is sent again only when the agent asks again.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Publish`] when the broker does not take it, [`TooLarge`](DelegateError::TooLarge) as for the task,
    /// [`Unsupported`](DelegateError::Unsupported) when the agent would take it for a task of its own.
    pub async fn send(&self, message: impl Into<String>) -> Result<(), DelegateError> {
        self.task.send(vec![Part::text(message)]).await
    }

    /// [`send`](Self::send) with any content.
    ///
    /// # Errors
    ///
    /// Those of `send`.
    pub async fn send_parts(&self, parts: Vec<Part>) -> Result<(), DelegateError> {
        self.task.send(parts).await
    }

    /// Asks the agent to end the task (`A2A-12`). Returns when the broker has it; the task then ends with the state
    /// `canceled`, unless it ended otherwise before. A replica that takes the task only later is told then. Where the broker
    /// says that nobody receives it, it is sent again for 10 s, and once more whenever the task is.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Publish`] when the broker does not take it, [`Unsupported`](DelegateError::Unsupported) when the agent
    /// would take it for a task.
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
    /// Waits for the result, for as long as it takes: wrap it in `tokio::time::timeout`, or give the task a
    /// [`timeout`](super::Delegate::timeout). Lives on through reconnects. It is of the type that
    /// [`returning`](super::Delegate::returning) names.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Failed`], [`Rejected`](DelegateError::Rejected) and [`Canceled`](DelegateError::Canceled) as the
    /// task ended; [`UnexpectedResult`](DelegateError::UnexpectedResult) when the result is of another type;
    /// [`Abandoned`](DelegateError::Abandoned) when the connection was closed, or the handler that asked
    /// was cancelled or has ended.
    pub async fn result(&mut self) -> Result<T, DelegateError> {
        let result = outcome(self.task.ended().await?)?;
        serde_json::from_value(result).map_err(DelegateError::UnexpectedResult)
    }
}

impl Delegated {
    pub(super) fn new(handle: SessionHandle, asked: Arc<Asked>, waiting: Waiting) -> Self {
        Self { handle, asked, waiting, over: Kept::default(), taken: false }
    }

    fn id(&self) -> &str {
        self.asked.task.task_id.as_str()
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
        if self.asked.stored && !self.taken {
            delegations.taken(&self.asked).await;
            // Last: dropped before, the result goes to `Results`.
            self.taken = true;
        }
        Ok(end)
    }

    async fn send(&self, parts: Vec<Part>) -> Result<(), DelegateError> {
        let message = TaskMessage::new(Role::User, parts);
        super::further(self.handle.session(), &self.asked, message).await
    }

    async fn cancel(&self) -> Result<(), DelegateError> {
        let session = self.handle.session();
        super::takes_intents(session, &self.asked).await?;
        // First: a replica that is heard of from now on is told by whoever hears of it.
        session.delegations().canceled(&self.asked);
        let message = self.asked.cancel(session.namespace());
        if super::send(session, message, &self.asked.executor()).await?.no_subscribers {
            let (session, asked) = (Arc::clone(session), Arc::clone(&self.asked));
            let tasks = self.handle.session().delegations().tasks.clone();
            let again = async move {
                let message = || asked.cancel(session.namespace());
                let canceled = super::again_until_received(&session, &asked, message);
                // Until then it has ended, or it is sent again with its cancel when its agent is back.
                if let Ok(Err(error)) = tokio::time::timeout(super::CANCEL, canceled).await {
                    crate::log::debug!(task = %shown(&asked.task.task_id), %error, "failed to cancel a task");
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
        if !self.taken {
            self.handle.session().delegations().dropped(&self.asked);
        }
    }
}
