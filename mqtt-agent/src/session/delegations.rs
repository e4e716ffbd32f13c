//! The tasks that this connection has asked for, and what comes back of them.
//!
//! An entry stays until its task has ended. Sending it again is in [`resend`](super::resend).

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::delegation::{Asked, Sent};
use super::unclaimed_results::Unclaimed;
use crate::deadline;
use crate::link::Link;
use crate::store::{StoreError, TaskRecord, TaskSide, TaskStore};
use crate::wire::{Identifier, TaskError, TaskResult, TaskState, codes, now_rfc3339};

/// How many records are read at once.
const PAGE: usize = 256;

/// How long after a task's deadline its agent may still say how it ended.
const LATE: Duration = Duration::from_secs(5);

/// All of them.
#[derive(Debug)]
pub(crate) struct Delegations {
    store: Arc<dyn TaskStore>,
    live: Mutex<HashMap<Identifier, Arc<Asked>>>,
    unclaimed: Mutex<Unclaimed>,
    /// Changes with each of them. All readers look then: one of them may be left unread.
    arrived: watch::Sender<()>,
    /// Cancelled when the connection is closed: nobody waits any longer.
    pub(crate) closed: CancellationToken,
    /// Owns what goes on after whoever asked has left.
    pub(crate) tasks: TaskTracker,
}

impl Delegations {
    pub(crate) fn new(store: Arc<dyn TaskStore>) -> Self {
        Self {
            store,
            live: Mutex::default(),
            unclaimed: Mutex::default(),
            arrived: watch::Sender::new(()),
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    pub(crate) fn store(&self) -> &Arc<dyn TaskStore> {
        &self.store
    }

    /// Short look-ups only: the lock is never held across an await.
    pub(crate) fn live(&self) -> MutexGuard<'_, HashMap<Identifier, Arc<Asked>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before it is sent, for its result may come at once. Whoever comes online meanwhile is not to get it a second time.
    pub(crate) fn about_to_send(&self, asked: &Arc<Asked>, link: &Link) {
        asked.set_sent(Some(Sent::now(link)));
        self.enter(asked);
    }

    fn enter(&self, asked: &Arc<Asked>) {
        self.live().insert(asked.task.task_id.clone(), Arc::clone(asked));
    }

    pub(crate) fn forget(&self, task_id: &Identifier) {
        self.live().remove(task_id);
    }

    /// Takes up what an earlier process asked for (`Delegator` side of the store); whether something of it has not ended.
    pub(crate) async fn recover(&self) -> Result<bool, StoreError> {
        let mut after: Option<String> = None;
        let mut some = false;
        loop {
            let page = self.store.open(TaskSide::Delegator, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(some) };
            after = Some(last.task.task_id.as_str().to_owned());
            for record in page {
                if record.task.status.is_terminal() {
                    self.unclaimed(record.task.task_id);
                } else if !self.live().contains_key(&record.task.task_id) {
                    let (asked, _) = Asked::of(record);
                    asked.wanted.store(false, Ordering::Release);
                    self.enter(&Arc::new(asked));
                    some = true;
                }
            }
        }
    }

    /// A terminal result (`A2A-8`): taken from whichever topic, once.
    pub(crate) async fn ended(&self, asked: &Asked, result: TaskResult) {
        if asked.stored {
            let end = |record: &mut TaskRecord| {
                record.task.status = result.status;
                record.task.result.clone_from(&result.result);
                record.task.error.clone_from(&result.error);
                record.task.artifacts.clone_from(&result.artifacts);
                record.task.updated_at = result.completed_at.clone().unwrap_or_else(now_rfc3339);
            };
            if let Err(error) = self.change(asked, end).await {
                tracing::error!(task = %result.task_id, %error, "a result was not stored");
            }
        }
        // Of two that are taken at the same time one goes on.
        let first = self.live().remove(&result.task_id);
        if let Some(asked) = first {
            asked.end(result);
            if !asked.wanted.load(Ordering::Acquire) {
                self.release(&asked);
            }
        }
    }

    /// Ends the tasks of which nothing was heard by their deadlines: their agents may have gone for good.
    pub(crate) async fn expire(&self) {
        let late: Vec<_> = {
            let is_late = |asked: &&Arc<Asked>| {
                asked.deadline.is_some_and(|deadline| deadline::after(deadline, LATE) < Instant::now())
            };
            self.live().values().filter(is_late).cloned().collect()
        };
        for asked in late {
            let mut task = asked.task.clone();
            let message = "nothing was heard of the task by its deadline; is the agent online?";
            task.status = TaskState::Failed;
            task.error = Some(TaskError::new("timeout", message).with_code(codes::UNHEARD));
            task.updated_at = now_rfc3339();
            self.ended(&asked, TaskResult::of(&task, "")).await;
        }
    }

    /// A task has ended and its handle is gone: [`Results`](crate::a2a::delegate::Results) gets it, once.
    pub(crate) fn release(&self, asked: &Asked) {
        if asked.release() {
            self.unclaimed(asked.task.task_id.clone());
        }
    }

    /// Changes a task's record in the store, one change at a time.
    pub(crate) async fn change(
        &self,
        asked: &Asked,
        how: impl FnOnce(&mut TaskRecord),
    ) -> Result<(), StoreError> {
        let _turn = asked.turn.lock().await;
        let record = self.store.get(TaskSide::Delegator, asked.task.task_id.as_str()).await?;
        let Some(mut record) = record else { return Ok(()) };
        how(&mut record);
        self.store.update(TaskSide::Delegator, record).await.map(|_| ())
    }

    /// The broker has a task: the next process need not send it again.
    pub(crate) async fn note_sent(&self, asked: &Asked) {
        self.note(asked, |record| record.sent = true).await;
    }

    /// A task is not wanted any more: the next process says so again, where it sends it again.
    pub(crate) async fn note_canceled(&self, asked: &Asked) {
        self.note(asked, |record| record.canceled = true).await;
    }

    /// Which replica has a task: the next process asks none but that.
    pub(crate) async fn note_executor(&self, asked: &Asked) {
        let executor = asked.executor().to_string();
        self.note(asked, |record| record.executor = Some(executor)).await;
    }

    /// What only a later process has to know; a memory's tasks have none.
    async fn note(&self, asked: &Asked, how: impl FnOnce(&mut TaskRecord)) {
        if asked.stored
            && self.store.is_durable()
            && let Err(error) = self.change(asked, how).await
        {
            tracing::warn!(task = %asked.task.task_id, %error, "what became of a task was not stored");
        }
    }

    /// A task has ended and nobody waits for it: [`Results`](crate::a2a::delegate::Results) gets it.
    pub(crate) fn unclaimed(&self, task_id: Identifier) {
        self.unclaimed_tasks().push(task_id);
        self.arrived.send_replace(());
    }

    /// The next task that ended without anybody who waited for it; `None` when the connection was closed.
    pub(crate) async fn next_unclaimed(&self) -> Option<Identifier> {
        let mut arrived = self.arrived.subscribe();
        loop {
            let next = self.unclaimed_tasks().pop();
            if next.is_some() {
                return next;
            }
            tokio::select! {
                _ = arrived.changed() => {}
                () = self.closed.cancelled() => return None,
            }
        }
    }

    fn unclaimed_tasks(&self) -> MutexGuard<'_, Unclaimed> {
        self.unclaimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever asked has the result.
    pub(crate) async fn settle(&self, task_id: &str) -> Result<Option<TaskRecord>, StoreError> {
        let Some(mut record) = self.store.get(TaskSide::Delegator, task_id).await? else { return Ok(None) };
        record.settled = true;
        self.store.update(TaskSide::Delegator, record.clone()).await?;
        Ok(Some(record))
    }

    /// A task that was not sent: it ends here.
    pub(crate) async fn withdraw(&self, asked: &Asked, error: TaskError) -> Result<(), StoreError> {
        self.forget(&asked.task.task_id);
        self.change(asked, |record| {
            record.task.status = TaskState::Failed;
            record.task.error = Some(error);
            record.settled = true;
        })
        .await
    }

    /// Ends every wait: the connection is closed.
    pub(crate) fn end(&self) {
        self.closed.cancel();
        self.live().clear();
        self.tasks.close();
    }

    /// Waits for what goes on after [`end`](Self::end).
    pub(crate) async fn ended_all(&self) {
        self.tasks.wait().await;
    }
}
