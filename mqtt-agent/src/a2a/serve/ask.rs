//! Asking whoever gave a task, and taking the answers (`A2A-12`).

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Work;
use super::dialogue::{Dialogue, Replay};
use crate::a2a::task::TaskUpdateError;
use crate::spawn;
use crate::store::TaskRecord;
use crate::wire::{Part, Role, TaskMessage, TaskState, now_rfc3339};

/// A question that is waited for. Dropped before its answer, it is taken back.
struct Asking(Option<Arc<Work>>);

impl Drop for Asking {
    fn drop(&mut self) {
        // One whose task was cut off stays: the next attempt asks it.
        let Some(work) = self.0.take().filter(|work| !work.cancellation.is_cancelled()) else { return };
        let (Some(shared), Ok(runtime)) = (work.shared.upgrade(), Handle::try_current()) else { return };
        spawn::tracked_on(&shared.tasks, async move { work.take_back().await }, &runtime);
    }
}

impl Work {
    /// Short look-ups only: the lock is never held across an await.
    fn dialogue(&self) -> MutexGuard<'_, Dialogue> {
        self.dialogue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn ask(self: &Arc<Self>, question: Vec<Part>) -> Result<TaskMessage, TaskUpdateError> {
        let shared = self.shared.upgrade().ok_or(TaskUpdateError::Ended)?;
        let (answer, mut asking) = {
            let mut record = self.record.lock().await;
            if self.is_over(&record) {
                return Err(TaskUpdateError::Ended);
            }
            let asked = {
                let mut dialogue = self.dialogue();
                if dialogue.waiting.as_ref().is_some_and(|waiting| !waiting.is_closed()) {
                    return Err(TaskUpdateError::AsksAlready);
                }
                dialogue.replay(&record.task.messages, &question)
            };
            if let Replay::Answered(answer) = asked {
                return Ok(answer);
            }
            if !record.updates || record.reply_topic.is_none() {
                return Err(TaskUpdateError::NobodyListens);
            }
            let mut with = TaskRecord::clone(&record);
            if asked == Replay::New {
                with.task.messages.push(TaskMessage::new(Role::Agent, question));
            }
            with.task.status = TaskState::InputRequired;
            with.task.updated_at = now_rfc3339();
            let update = self.state_update(&shared, &with);
            if let Some(message) = shared.message(&with, &update)
                && let Some((size, limit)) = shared.too_large(message, &with).await
            {
                return Err(TaskUpdateError::TooLarge { size, limit });
            }
            let (sender, answer) = oneshot::channel();
            // From here on whatever ends the waiting takes the question back.
            let asking = Asking(Some(Arc::clone(self)));
            self.dialogue().waiting = Some(sender);
            shared.keep(&with).await?;
            *record = Arc::new(with);
            (answer, asking)
        };
        let answer = async {
            self.tell_state_surely().await;
            answer.await.map_err(|_| TaskUpdateError::Ended)
        };
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = self.cancellation.cancelled() => Err(TaskUpdateError::Ended),
        };
        asking.0 = None;
        answer
    }

    /// Nobody waits for the answer any more.
    async fn take_back(&self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut record = self.record.lock().await;
        {
            let mut dialogue = self.dialogue();
            // None: it was answered after all. Open: another question is waited for.
            if dialogue.waiting.as_ref().is_none_or(|waiting| !waiting.is_closed()) {
                return;
            }
            dialogue.waiting = None;
        }
        if self.is_over(&record) || record.task.status != TaskState::InputRequired {
            return;
        }
        let task = &mut Arc::make_mut(&mut record).task;
        task.messages.pop_if(|last| last.role == Role::Agent);
        task.status = TaskState::Working;
        task.updated_at = now_rfc3339();
        if let Err(error) = shared.keep(&record).await {
            tracing::warn!(task = %self.begun().task_id, %error, "that a question was taken back was not stored");
        }
        drop(record);
        self.tell_state().await;
    }

    /// Waits until the store has what was said of the task, or that is over here; whether the store has it.
    pub(super) async fn is_kept(&self) -> bool {
        let mut pause = Duration::from_millis(100);
        while self.unkept.load(Ordering::Acquire) {
            tokio::select! {
                // An agent that stops while its store fails leaves the answer to the broker.
                () = self.over.cancelled() => return !self.unkept.load(Ordering::Acquire),
                () = tokio::time::sleep(pause) => {}
            }
            pause = pause.saturating_mul(2).min(Duration::from_secs(30));
            let Some(shared) = self.shared.upgrade() else { return false };
            let record = self.record.lock().await;
            if record.task.status.is_terminal() || shared.keep(&record).await.is_ok() {
                self.unkept.store(false, Ordering::Release);
            }
        }
        true
    }

    /// Takes a further message: the answer to its question. One that it did not ask for is dropped.
    pub(super) async fn answer(&self, message: TaskMessage) {
        let Some(shared) = self.shared.upgrade() else { return };
        let task = &self.begun().task_id;
        let mut record = self.record.lock().await;
        let messages = &record.task.messages;
        if messages.iter().any(|known| message.is_again(known)) {
            return tracing::debug!(%task, "a message that was delivered again was dropped");
        }
        if self.is_over(&record) {
            return tracing::warn!(%task, "a message to a task that has ended was dropped");
        }
        let waiting = {
            let mut dialogue = self.dialogue();
            let early = dialogue.is_ahead(messages);
            let waiting = dialogue.waiting.take_if(|waiting| !waiting.is_closed());
            if waiting.is_none() && !early {
                return tracing::warn!(%task, "a message to a task that asks nothing was dropped");
            }
            if waiting.is_some() {
                dialogue.past = messages.len().saturating_add(1);
            }
            waiting
        };
        let changed = &mut Arc::make_mut(&mut record).task;
        changed.messages.push(message.clone());
        if waiting.is_some() {
            changed.status = TaskState::Working;
        }
        changed.updated_at = now_rfc3339();
        if let Err(error) = shared.keep(&record).await {
            // It goes on all the same; its message is kept by the broker until the store has it.
            tracing::warn!(%task, %error, "failed to store an answer; it is tried again");
            self.unkept.store(true, Ordering::Release);
        }
        drop(record);
        if let Some(waiting) = waiting {
            // A handler that left in this moment loses nothing.
            drop(waiting.send(message));
            self.tell_state().await;
        }
    }
}
