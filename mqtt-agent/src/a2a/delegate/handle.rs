//! [`TaskHandle`]: a task that was delegated, and [`Results`]: those that ended with nobody who waited.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::book::{Asked, Delegations, Waiting};
use super::error::{DelegateError, outcome};
use crate::client::Client;
use crate::link::Message;
use crate::wire::{
    Artifact, Identifier, Intent, Part, Role, Task, TaskMessage, TaskNotification, TaskResult, TaskState,
};

/// A task that was delegated; made by [`Client::delegate`].
///
/// Dropping it changes nothing: the task is worked on, and its result goes to [`Client::results`].
#[derive(Debug)]
pub struct TaskHandle {
    client: Client,
    asked: Arc<Asked>,
    waiting: Waiting,
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

impl TaskHandle {
    pub(super) fn new(client: Client, asked: Arc<Asked>, waiting: Waiting) -> Self {
        Self { client, asked, waiting, taken: false }
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.asked.task.task_id.as_str()
    }

    /// The agent that was asked.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.asked.task.to
    }

    /// The next update; `None` when the task has ended, or the connection was closed. Of those that nobody takes 256
    /// wait, and more are dropped.
    ///
    /// Cancel safe: no update is lost.
    pub async fn next(&mut self) -> Option<TaskUpdate> {
        let Waiting { updates, end } = &mut self.waiting;
        tokio::select! {
            biased;
            Some(update) = updates.recv() => Some(update.into()),
            _ = end.wait_for(Option::is_some) => updates.try_recv().ok().map(TaskUpdate::from),
        }
    }

    /// Waits for the result, without any time limit: wrap it in `tokio::time::timeout` for one. Lives on through
    /// reconnects.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Failed`], [`Rejected`](DelegateError::Rejected) and [`Canceled`](DelegateError::Canceled) as the
    /// task ended; [`Abandoned`](DelegateError::Abandoned) when the connection was closed, or the handler was cancelled
    /// that asked.
    pub async fn result(&mut self) -> Result<Value, DelegateError> {
        outcome(self.ended().await?)
    }

    /// [`result`](Self::result) as a type.
    ///
    /// # Errors
    ///
    /// Those of `result`, and [`DelegateError::UnexpectedResult`] when it does not fit.
    pub async fn result_as<T: DeserializeOwned>(&mut self) -> Result<T, DelegateError> {
        serde_json::from_value(self.result().await?).map_err(DelegateError::UnexpectedResult)
    }

    /// Waits for the end, however it is: the state, the result or the error, and the artifacts.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Abandoned`] as in [`result`](Self::result).
    pub async fn ended(&mut self) -> Result<TaskResult, DelegateError> {
        let end = tokio::select! {
            biased;
            end = self.waiting.end.wait_for(Option::is_some) => end.ok().and_then(|end| end.clone()),
            () = self.client.scope().cancelled() => None,
        };
        let end = end.ok_or(DelegateError::Abandoned)?;
        if self.asked.stored && !self.taken {
            self.taken = true;
            if let Err(error) = self.client.core().delegations().settle(self.id()).await {
                tracing::warn!(task = self.id(), %error, "that a result was taken was not stored");
            }
        }
        Ok(end)
    }

    /// Answers what the agent asked, or tells it more while it waits for an answer (`A2A-12`). Returns when the broker
    /// has it. What reaches a task that does not ask is dropped by the agent.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Publish`] when the broker does not take it.
    pub async fn send(&self, message: impl Into<String>) -> Result<(), DelegateError> {
        self.send_parts(vec![Part::text(message)]).await
    }

    /// [`send`](Self::send) with any content.
    ///
    /// # Errors
    ///
    /// Those of `send`.
    pub async fn send_parts(&self, parts: Vec<Part>) -> Result<(), DelegateError> {
        let mut notification = self.about(Intent::Message);
        notification.messages = vec![TaskMessage::new(Role::User, parts)];
        self.publish(&notification).await
    }

    /// Asks the agent to end the task (`A2A-12`). Returns when the broker has it; the task then ends with the state
    /// `canceled`, unless it ended otherwise before.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Publish`] when the broker does not take it.
    pub async fn cancel(&self) -> Result<(), DelegateError> {
        self.publish(&self.about(Intent::Cancel)).await
    }

    fn about(&self, intent: Intent) -> TaskNotification {
        about(&self.asked, intent)
    }

    async fn publish(&self, notification: &TaskNotification) -> Result<(), DelegateError> {
        let core = self.client.core();
        let message = Message::json(core.namespace().inbox(self.asked.executor()), notification.to_bytes());
        core.link().publish(message).await?;
        Ok(())
    }
}

pub(super) fn about(asked: &Asked, intent: Intent) -> TaskNotification {
    let Task { task_id, from, .. } = &asked.task;
    TaskNotification::about(task_id.clone(), intent, from, asked.executor())
}

impl Drop for TaskHandle {
    fn drop(&mut self) {
        self.asked.wanted.store(false, Ordering::Release);
        // It ended, and nobody took the result.
        if !self.taken && self.waiting.end.borrow().is_some() {
            self.client.core().delegations().release(&self.asked);
        }
    }
}

/// The delegated tasks that ended with nobody who waited for them: those whose [`TaskHandle`] was dropped, and with a
/// durable store those of an earlier process. Made by [`Client::results`].
#[derive(Debug)]
pub struct Results {
    client: Client,
}

impl Results {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The next one, whenever it comes; each is given once. A future that is dropped loses none.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Store`] when the store fails.
    pub async fn next(&mut self) -> Result<Task, DelegateError> {
        let delegations = self.client.core().delegations();
        loop {
            let mut next = Popped { delegations, task_id: Some(delegations.next_unclaimed().await) };
            let Some(task_id) = next.task_id.clone() else { continue };
            let record = delegations.settle(task_id.as_str()).await?;
            next.task_id = None;
            // None: it was pruned meanwhile.
            if let Some(record) = record {
                return Ok(record.task);
            }
        }
    }
}

/// A task on its way out of the queue; it goes back unless it arrives.
struct Popped<'d> {
    delegations: &'d Delegations,
    task_id: Option<Identifier>,
}

impl Drop for Popped<'_> {
    fn drop(&mut self) {
        if let Some(task_id) = self.task_id.take() {
            self.delegations.unclaimed(task_id);
        }
    }
}
