//! Handles messages about a task of an earlier process that is not read yet ([`Pending`](super::pending)), by reading
//! the task from the store.

use std::sync::Arc;

use super::Executor;
use super::execution::seq_unread;
use super::inbox::cannot_store;
use super::pending::Claim;
use super::recover::{read, take_up};
use crate::link::Ack;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::spawn;
use crate::store::{Stored, TaskRecord};
use crate::wire::{TaskNotification, TaskResult, TaskState};

impl Executor {
    /// A message about a task that has not been read yet: the task is taken up, if the message's sender is who gave it.
    /// Then the message finds it.
    pub(super) fn taken_up_first(
        self: &Arc<Self>,
        ack: Ack,
        notification: TaskNotification,
        then: impl FnOnce(&Arc<Self>, Ack, TaskNotification) + Send + 'static,
    ) {
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            let taken_up = async {
                if let Some((claim, record)) = read(&executor, &notification.task_id).await
                    && notification.from.as_deref().unwrap_or_default() == record.task.from
                {
                    take_up(&executor, record, None);
                    claim.done();
                }
            };
            tokio::select! {
                biased;
                // The next start sees the message, after the task.
                () = executor.stopping.cancelled() => ack.leave(),
                () = executor.abandon.cancelled() => ack.leave(),
                () = taken_up => then(&executor, ack, notification),
            }
        });
    }

    /// A task that comes again, and has not been read yet: it is stored, and has its turn where it was.
    pub(super) fn asked_again_unread(self: &Arc<Self>, ack: Ack, asked: TaskRecord) {
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            tokio::select! {
                biased;
                () = executor.stopping.cancelled() => ack.leave(),
                () = executor.abandon.cancelled() => ack.leave(),
                read = read(&executor, &asked.task.task_id) => executor.again_unread(ack, asked, read).await,
            }
        });
    }

    /// Tells that a task is here and where it is: a peer that asks and hears nothing takes it for lost.
    async fn tell_unread(&self, record: &TaskRecord) {
        // Nobody works on it, whatever an earlier process did.
        let state = match record.task.status {
            TaskState::Working => TaskState::Submitted,
            state => state,
        };
        let task = &record.task.task_id;
        let mut update = TaskResult::update(task.clone(), state, self.id.as_str(), seq_unread(record.starts));
        let asks = state == TaskState::InputRequired;
        update.message = record.task.messages.last().filter(|_| asks).cloned();
        let Some(message) = self.message(record, &update) else { return };
        if !self.announced().await {
            return;
        }
        // It is small, but for a question; a peer that hears nothing asks again.
        if self.link.too_large(&message).is_some() {
            return;
        }
        if let Err(error) = self.link.try_enqueue(message) {
            limited!(warn, "dropped an update", task = %shown(task), %error);
        }
    }

    async fn again_unread(
        self: &Arc<Self>,
        ack: Ack,
        asked: TaskRecord,
        read: Option<(Claim<'_>, TaskRecord)>,
    ) {
        match read {
            Some((claim, existing)) if existing.task.from == asked.task.from => {
                ack.stored(&Stored::read_back(&existing));
                drop(claim);
                if asked.updates && existing.updates {
                    self.tell_unread(&existing).await;
                }
            }
            // Refused, which may take a while.
            Some((claim, existing)) => {
                drop(claim);
                self.again(existing, &asked, ack).await;
            }
            // It was taken up meanwhile.
            None => {
                let known = self.live().get(&asked.task.task_id).cloned();
                match known {
                    Some(work) => self.asked_again(ack, work, asked),
                    None => self.refuse(ack, asked, cannot_store()),
                }
            }
        }
    }
}
