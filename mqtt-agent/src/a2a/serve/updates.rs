//! Sends updates of a task before its end, if the delegator asked for them (`A2A-13`): states, progress, artifacts.

use std::sync::Arc;

use super::execution::first_seq;
use super::{Execution, Executor};
use crate::a2a::task::TaskUpdateError;
use crate::link::PublishError;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::store::TaskRecord;
use crate::wire::{Artifact, TaskMessage, TaskResult, TaskState, now_rfc3339};

/// What becomes of an update while as many messages wait for the connection as may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    Drop,
    Wait,
}

impl Execution {
    /// Where the task is; and what it asks, while it waits for an answer.
    pub(super) fn state_update(&self, executor: &Executor, record: &TaskRecord) -> TaskResult {
        let mut update = self.update(executor, record);
        let asks = record.task.status == TaskState::InputRequired;
        update.message = record.task.messages.last().filter(|_| asks).cloned();
        update
    }

    fn update(&self, executor: &Executor, record: &TaskRecord) -> TaskResult {
        let (id, state) = (self.begun().task_id.clone(), record.task.status);
        TaskResult::update(id, state, executor.id.as_str(), self.next_seq())
    }

    async fn tell(&self, full: Full, update: impl FnOnce(&Executor, &TaskRecord) -> TaskResult) {
        self.tell_some(full, |executor, record| Some(update(executor, record))).await;
    }

    async fn tell_some(&self, full: Full, update: impl FnOnce(&Executor, &TaskRecord) -> Option<TaskResult>) {
        let Some(executor) = self.executor.upgrade() else { return };
        let task = &self.begun().task_id;
        // Held until it is handed over, so that updates go out in their order.
        let _order = self.order.lock().await;
        let message = {
            let record = self.record.lock().await;
            if !record.updates || self.is_over(&record) || !self.may_tell() {
                return;
            }
            update(&executor, &record).and_then(|update| executor.message(&record, &update))
        };
        let Some(message) = message else { return };
        let message = executor.for_sender(message, &self.begun().from).await;
        if let Some((size, limit)) = executor.link.too_large(&message) {
            return limited!(warn, "dropped an update: it is too large", task = %shown(task), size, limit);
        }
        let sent = match (full, executor.link.try_enqueue(message.clone())) {
            (Full::Wait, Err(PublishError::QueueFull)) => executor.link.enqueue(message).await,
            (_, sent) => sent,
        };
        if let Err(error) = sent {
            limited!(warn, "dropped an update", task = %shown(task), %error);
        }
    }

    /// Tells where it is.
    pub(super) async fn tell_state(&self) {
        self.tell(Full::Drop, |executor, record| self.state_update(executor, record)).await;
    }

    /// Tells that it was accepted, of a task that begins at once.
    pub(super) async fn tell_accepted(&self) {
        let accepted = |executor: &Executor, record: &TaskRecord| {
            // Who asked again meanwhile was told that it is being worked on.
            let is_first = self.coming_seq() == first_seq(record.starts);
            is_first.then(|| TaskResult { status: TaskState::Submitted, ..self.update(executor, record) })
        };
        self.tell_some(Full::Drop, accepted).await;
    }

    /// Tells it to the requester, once the store has that it was taken up.
    pub(super) async fn tell_again(&self) {
        if !self.may_tell()
            && let Some(executor) = self.executor.upgrade()
        {
            let record = self.record.lock().await;
            drop(self.keep(&executor, &record).await);
        }
        self.tell_state().await;
    }

    /// The same, waiting for the connection where that is needed: a question has to get through.
    pub(super) async fn tell_state_surely(&self) {
        self.tell(Full::Wait, |executor, record| self.state_update(executor, record)).await;
    }

    pub(crate) async fn progress(&self, message: TaskMessage) {
        let update = |executor: &Executor, record: &TaskRecord| TaskResult {
            message: Some(message),
            ..self.update(executor, record)
        };
        self.tell(Full::Drop, update).await;
    }

    pub(crate) async fn artifact(&self, artifact: Artifact) -> Result<(), TaskUpdateError> {
        let executor = self.executor.upgrade().ok_or(TaskUpdateError::Ended)?;
        {
            let mut record = self.record.lock().await;
            if self.is_over(&record) {
                return Err(TaskUpdateError::Ended);
            }
            let mut with = TaskRecord::clone(&record);
            match with.task.artifacts.iter_mut().find(|known| known.artifact_id == artifact.artifact_id) {
                Some(known) => *known = artifact.clone(),
                None => with.task.artifacts.push(artifact.clone()),
            }
            if let Some(message) = executor.result(&with)
                && let Some((size, limit)) = executor.too_large(message, &with).await
            {
                return Err(TaskUpdateError::TooLarge { size, limit });
            }
            with.task.updated_at = now_rfc3339();
            let stored = executor.keep(&with).await?;
            *record.change() = Arc::new(with);
            self.note_kept(record.changes(), stored);
        }
        let update = |executor: &Executor, record: &TaskRecord| TaskResult {
            artifacts: vec![artifact],
            ..self.update(executor, record)
        };
        self.tell(Full::Drop, update).await;
        Ok(())
    }
}
