//! Handles messages about a task of an earlier process that is not read yet ([`Pending`](super::pending)), by reading
//! the task from the store.

use std::mem;
use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::Executor;
use super::execution::seq_unread;
use super::inbox::{About, cannot_store};
use super::keeping::{HOLD, let_go};
use super::pending::Claim;
use super::recover::{read, take_up};
use crate::json;
use crate::link::Ack;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::spawn;
use crate::store::TaskRecord;
use crate::wire::{Task, TaskResult, TaskState};

impl Executor {
    /// A message about a task that has not been read yet: the task is taken up, if the message's sender is who gave it.
    /// Then the message finds it.
    pub(super) fn taken_up_first(self: &Arc<Self>, mut ack: Ack, mut about: About) {
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            let notification = &about.notification;
            let taken_up = async {
                if let Some((claim, record)) = read(&executor, &notification.task_id).await
                    && notification.from.as_deref().unwrap_or_default() == record.task.from
                {
                    take_up(&executor, record, None);
                    claim.done();
                }
            };
            // Whether the message is still there then.
            let waited = async {
                let mut taken_up = pin!(taken_up);
                if timeout_at(about.until, &mut taken_up).await.is_ok() {
                    return true;
                }
                let (ack, task) = (mem::replace(&mut ack, Ack::none()), &notification.task_id);
                let Some(_room) = executor.unread.take(json::memory(notification)) else {
                    limited!(error, "dropped a message about a task of an earlier process: the store fails, and too many wait for it", task = %shown(task));
                    ack.in_memory();
                    return false;
                };
                let_go(ack, task);
                taken_up.await;
                true
            };
            let waited = tokio::select! {
                biased;
                // The next start sees the message, after the task.
                () = executor.stopping.cancelled() => None,
                () = executor.abandon.cancelled() => None,
                waited = waited => Some(waited),
            };
            match waited {
                Some(true) => {
                    if !ack.is_awaited() {
                        // Nothing waits for it any more.
                        about.until = Instant::now() + HOLD;
                    }
                    executor.about(ack, about);
                }
                Some(false) => {}
                None => ack.leave(),
            }
        });
    }

    /// A task that comes again, and has not been read yet: it has its turn where it was. Its message is acknowledged already,
    /// for the store has the task.
    pub(super) fn asked_again_unread(self: &Arc<Self>, mut asked: TaskRecord) {
        // What is told of it needs none of these.
        let task = Task { title: String::new(), kind: String::new(), messages: Vec::new(), ..asked.task };
        asked.task = task;
        let Some(room) = self.repeated.take(json::memory(&asked)) else {
            // Who hears nothing asks again.
            return limited!(warn, "dropped a task that came again: too many wait for the store", task = %shown(&asked.task.task_id));
        };
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            let _room = room;
            tokio::select! {
                biased;
                () = executor.stopping.cancelled() => {}
                () = executor.abandon.cancelled() => {}
                read = read(&executor, &asked.task.task_id) => executor.again_unread(asked, read).await,
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

    async fn again_unread(self: &Arc<Self>, asked: TaskRecord, read: Option<(Claim<'_>, TaskRecord)>) {
        match read {
            Some((claim, existing)) if existing.task.from == asked.task.from => {
                drop(claim);
                if asked.updates && existing.updates {
                    self.tell_unread(&existing).await;
                }
            }
            // Refused, which may take a while.
            Some((claim, existing)) => {
                drop(claim);
                self.again(existing, &asked, Ack::none()).await;
            }
            // It was taken up meanwhile.
            None => {
                let known = self.live().get(&asked.task.task_id).cloned();
                match known {
                    Some(work) => self.asked_again(Ack::none(), work, asked),
                    None => self.refuse(Ack::none(), asked, cannot_store()),
                }
            }
        }
    }
}
