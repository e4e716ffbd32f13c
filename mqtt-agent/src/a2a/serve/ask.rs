//! Asking the delegator questions, and receiving the answers (`A2A-12`).

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Execution;
use super::dialogue::{Dialogue, Heard, Replay, put_answer, put_question, remove_question};
use super::ledger::Taken;
use crate::a2a::task::TaskUpdateError;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::spawn;
use crate::store::TaskRecord;
use crate::wire::{Part, TaskMessage, TaskState};

/// How long an answer waits for the store before its handler has it.
const SLOW: Duration = Duration::from_secs(1);

/// A question that is waited for. Dropped before its answer, it is taken back.
struct Asking(Option<Arc<Execution>>);

impl Drop for Asking {
    fn drop(&mut self) {
        // One whose task was cut off stays: the next attempt asks it.
        let Some(work) = self.0.take().filter(|work| !work.cancellation.is_cancelled()) else { return };
        let (Some(executor), Ok(runtime)) = (work.executor.upgrade(), Handle::try_current()) else { return };
        spawn::tracked_on(&executor.tasks, async move { work.take_back().await }, &runtime);
    }
}

impl Execution {
    /// The lock is held only for a moment, never across an await.
    fn dialogue(&self) -> MutexGuard<'_, Dialogue> {
        self.dialogue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn ask(self: &Arc<Self>, question: Vec<Part>) -> Result<TaskMessage, TaskUpdateError> {
        let executor = self.executor.upgrade().ok_or(TaskUpdateError::Ended)?;
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
            put_question(&mut with.task, question, asked == Replay::New);
            let update = self.state_update(&executor, &with);
            if let Some(message) = executor.message(&with, &update)
                && let Some((size, limit)) = executor.too_large(message, &with).await
            {
                return Err(TaskUpdateError::TooLarge { size, limit });
            }
            let (sender, answer) = oneshot::channel();
            // From here on whatever ends the waiting takes the question back.
            let asking = Asking(Some(Arc::clone(self)));
            self.dialogue().waiting = Some(sender);
            let stored = executor.keep(&with).await?;
            *record.change() = Arc::new(with);
            self.note_kept(record.changes(), stored);
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
        let Some(executor) = self.executor.upgrade() else { return };
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
        remove_question(&mut Arc::make_mut(record.change()).task);
        if let Err(error) = self.keep(&executor, &record).await {
            crate::log::warn!(task = %shown(&self.begun().task_id), %error, "failed to store that a question was taken back");
        }
        drop(record);
        self.tell_state().await;
    }

    /// Takes a further message: the answer to its question. One that it did not ask for is dropped. `redelivered`: the broker
    /// says that it sent it before.
    pub(super) async fn answer(&self, message: TaskMessage, redelivered: bool) -> Taken {
        let Some(executor) = self.executor.upgrade() else { return Taken::Left };
        let task = &self.begun().task_id;
        let mut record = self.record.lock().await;
        if executor.abandon.is_cancelled() && executor.store.is_durable() {
            return Taken::Left;
        }
        if self.is_over(&record) {
            limited!(warn, "dropped a message to a task that has ended", task = %shown(task));
            return Taken::Dropped;
        }
        let waiting = match self.dialogue().hear(&record.task.messages, &message, redelivered) {
            Heard::Again => {
                crate::log::debug!(task = %shown(task), "dropped a message that was delivered again");
                return Taken::Change(record.changes());
            }
            Heard::Unasked => {
                limited!(warn, "dropped a message to a task that asks nothing", task = %shown(task));
                return Taken::Dropped;
            }
            Heard::Early => None,
            Heard::Awaited(waiting) => Some(waiting),
        };
        put_answer(&mut Arc::make_mut(record.change()).task, message.clone(), waiting.is_some());
        let taken = Taken::Change(record.changes());
        // Where the store fails it goes on all the same, and where the store is slow after a moment: until the message is
        // acknowledged, its sender tries again.
        drop(timeout(SLOW, self.keep_or_warn(&executor, &record, "an answer")).await);
        drop(record);
        if let Some(waiting) = waiting {
            // A handler that left in this moment loses nothing.
            drop(waiting.send(message));
            self.tell_state().await;
        }
        taken
    }
}
