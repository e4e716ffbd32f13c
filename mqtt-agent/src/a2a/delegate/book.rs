//! The tasks that this connection has asked for, and what comes back of them.
//!
//! An entry stays until its task has ended. While it is there, the task is sent again when its agent comes online once
//! more: brokers that restart may have lost it, and agents take a task once (`A2A-14`).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use std::time::Instant;

use tokio::sync::{Notify, mpsc, watch};

use crate::a2a::store::{StoreError, TaskRecord, TaskSide, TaskStore};
use crate::deadline;
use crate::link::{ConnectionState, Link, Message};
use crate::wire::{Identifier, Namespace, Task, TaskNotification, TaskResult, TraceContext, now_rfc3339};

/// Updates that wait for whoever watches a task; more are dropped and logged.
const UPDATES: usize = 256;

/// Ended tasks that wait for [`Results`](super::Results) in memory; older ones wait in the store for the next start.
const ENDED: usize = 10_000;

/// One task that was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) task: Task,
    /// Whose inbox it went to.
    pub(super) inbox: String,
    /// Where the result is awaited, of a request (`A2A-7`).
    pub(super) result_topic: Option<String>,
    pub(super) trace: Option<TraceContext>,
    /// The connection that it was sent on last.
    pub(super) epoch: AtomicU64,
    /// Whether the store has it.
    pub(super) stored: bool,
    /// When the agent's time for it is over.
    pub(super) deadline: Option<Instant>,
    /// Whether somebody waits for the end.
    pub(super) wanted: AtomicBool,
    /// Whether [`Results`](super::Results) was given the task.
    released: AtomicBool,
    /// The replica that works on it, once it was heard of.
    executor: OnceLock<String>,
    seq: AtomicU64,
    updates: mpsc::Sender<TaskResult>,
    end: watch::Sender<Option<TaskResult>>,
}

/// What whoever waits for a task holds of it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) updates: mpsc::Receiver<TaskResult>,
    pub(super) end: watch::Receiver<Option<TaskResult>>,
}

impl Asked {
    pub(super) fn new(
        task: Task,
        namespace: &Namespace,
        result_topic: Option<String>,
        trace: Option<TraceContext>,
        deadline: Option<Instant>,
        stored: bool,
    ) -> (Arc<Self>, Waiting) {
        let (updates, received) = mpsc::channel(UPDATES);
        let (end, ended) = watch::channel(None);
        let asked = Self {
            inbox: namespace.inbox(&task.to),
            task,
            result_topic,
            trace,
            epoch: AtomicU64::new(0),
            stored,
            deadline,
            wanted: AtomicBool::new(true),
            released: AtomicBool::new(false),
            executor: OnceLock::new(),
            seq: AtomicU64::new(0),
            updates,
            end,
        };
        (Arc::new(asked), Waiting { updates: received, end: ended })
    }

    /// The task's message (`A2A-6`, `A2A-7`).
    pub(super) fn message(&self) -> Message {
        let notification = TaskNotification::of(&self.task, true);
        let message = Message::json(self.inbox.as_str(), notification.to_bytes());
        let message = match &self.result_topic {
            Some(topic) => message.with_response(topic.as_str(), self.task.task_id.as_str().to_owned()),
            None => message,
        };
        let message = match self.deadline {
            Some(deadline) => message.with_expiry(deadline.saturating_duration_since(Instant::now())),
            None => message,
        };
        message.with_trace(self.trace.as_ref())
    }

    /// Whether an agent of this id works on the task: the one that was asked, or a replica of it.
    fn is_of(&self, agent: &str) -> bool {
        let rest = agent.strip_prefix(self.task.to.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Whose inbox takes what is said about the task.
    pub(super) fn executor(&self) -> &str {
        self.executor.get().map_or(self.task.to.as_str(), String::as_str)
    }

    fn heard(&self, result: &TaskResult) {
        if self.is_of(&result.from) && Identifier::parse(&result.from).is_ok() {
            // A task stays with the replica that took it.
            let _ = self.executor.set(result.from.clone());
        }
    }

    fn update(&self, result: TaskResult) {
        // Redelivered ones, and those that were overtaken.
        if let Some(seq) = result.seq
            && self.seq.fetch_max(seq, Ordering::AcqRel) >= seq
        {
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(_)) = self.updates.try_send(result) {
            tracing::warn!(task = %self.task.task_id, "an update was dropped: {UPDATES} wait already");
        }
    }

    fn end(&self, result: TaskResult) {
        self.end.send_replace(Some(result));
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Delegations {
    store: Arc<dyn TaskStore>,
    live: Mutex<HashMap<Identifier, Arc<Asked>>>,
    ended: Mutex<VecDeque<Identifier>>,
    arrived: Notify,
}

impl Delegations {
    pub(crate) fn new(store: Arc<dyn TaskStore>) -> Self {
        Self { store, live: Mutex::default(), ended: Mutex::default(), arrived: Notify::new() }
    }

    pub(super) fn store(&self) -> &Arc<dyn TaskStore> {
        &self.store
    }

    fn live(&self) -> MutexGuard<'_, HashMap<Identifier, Arc<Asked>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, asked: &Arc<Asked>) {
        self.live().insert(asked.task.task_id.clone(), Arc::clone(asked));
    }

    pub(super) fn forget(&self, task_id: &Identifier) {
        self.live().remove(task_id);
    }

    /// Takes up what an earlier process asked for (`Delegator` side of the store).
    pub(super) async fn recover(&self, link: &Link, namespace: &Namespace) -> Result<(), StoreError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.store.open(TaskSide::Delegator, after.as_deref(), 256).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.task.task_id.as_str().to_owned());
            for record in page {
                if record.task.status.is_terminal() {
                    self.unclaimed(record.task.task_id);
                    continue;
                }
                if self.live().contains_key(&record.task.task_id) {
                    continue;
                }
                let trace = record.traceparent.as_deref();
                let trace = trace.and_then(|parent| TraceContext::new(parent, record.tracestate.as_deref()));
                let deadline = record.deadline_ms.map(deadline::at_ms);
                let (asked, _) = Asked::new(record.task, namespace, None, trace, deadline, true);
                asked.wanted.store(false, Ordering::Release);
                self.enter(&asked);
                self.send(link, &asked).await;
            }
        }
    }

    /// Sends a task once more.
    async fn send(&self, link: &Link, asked: &Asked) {
        asked.epoch.store(epoch(link), Ordering::Release);
        if let Err(error) = link.enqueue(asked.message()).await {
            tracing::warn!(task = %asked.task.task_id, %error, "a task was not sent again");
        }
    }

    /// An agent has come online: what it was asked for is sent again, for it may never have got it. `retained` is what
    /// the broker had kept; it says nothing of tasks that were sent on this very connection.
    pub(super) async fn came_online(&self, link: &Link, agent: &str, retained: bool) {
        let current = epoch(link);
        let again: Vec<_> = {
            let live = self.live();
            let of_agent = live.values().filter(|asked| asked.is_of(agent));
            of_agent
                .filter(|asked| !retained || asked.epoch.load(Ordering::Acquire) != current)
                .cloned()
                .collect()
        };
        for asked in again {
            self.send(link, &asked).await;
        }
    }

    /// Takes a result or an update (`A2A-8`): from whichever topic, once.
    pub(super) async fn receive(&self, result: TaskResult) {
        let known = self.live().get(&result.task_id).cloned();
        if let Some(asked) = &known {
            asked.heard(&result);
            if !result.status.is_terminal() {
                return asked.update(result);
            }
        }
        if !result.status.is_terminal() {
            return tracing::debug!(task = %result.task_id, "an update of no task that was asked for was dropped");
        }
        let stored = match &known {
            Some(asked) => asked.stored,
            // One whose entry is gone has ended, or is none of ours.
            None => {
                return tracing::debug!(task = %result.task_id, "a result of no task that is awaited was dropped");
            }
        };
        if stored && let Err(error) = self.store_end(&result).await {
            tracing::error!(task = %result.task_id, %error, "a result was not stored");
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

    /// A task has ended and its handle is gone: [`Results`](super::Results) gets it, once.
    pub(super) fn release(&self, asked: &Asked) {
        if asked.stored && !asked.released.swap(true, Ordering::AcqRel) {
            self.unclaimed(asked.task.task_id.clone());
        }
    }

    async fn store_end(&self, result: &TaskResult) -> Result<(), StoreError> {
        let Some(mut record) = self.store.get(TaskSide::Delegator, result.task_id.as_str()).await? else {
            return Ok(());
        };
        record.task.status = result.status;
        record.task.result.clone_from(&result.result);
        record.task.error.clone_from(&result.error);
        record.task.artifacts.clone_from(&result.artifacts);
        record.task.updated_at = result.completed_at.clone().unwrap_or_else(now_rfc3339);
        self.store.update(TaskSide::Delegator, record).await.map(|_| ())
    }

    /// A task has ended and nobody waits for it: [`Results`](super::Results) gets it.
    pub(super) fn unclaimed(&self, task_id: Identifier) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() >= ENDED {
            ended.pop_front();
            tracing::warn!("more than {ENDED} results wait to be taken; the oldest waits for the next start");
        }
        if !ended.contains(&task_id) {
            ended.push_back(task_id);
        }
        self.arrived.notify_one();
    }

    /// The next task that ended without anybody who waited for it.
    pub(super) async fn next_unclaimed(&self) -> Identifier {
        loop {
            let arrived = self.arrived.notified();
            let next = self.ended.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(task_id) = next {
                // Another one may wait as well, and another reader with it.
                self.arrived.notify_one();
                return task_id;
            }
            arrived.await;
        }
    }

    /// Whoever asked has the result.
    pub(super) async fn settle(&self, task_id: &str) -> Result<Option<TaskRecord>, StoreError> {
        let Some(mut record) = self.store.get(TaskSide::Delegator, task_id).await? else { return Ok(None) };
        record.settled = true;
        self.store.update(TaskSide::Delegator, record.clone()).await?;
        Ok(Some(record))
    }

    /// Ends every wait: the connection is closed.
    pub(crate) fn end(&self) {
        self.live().clear();
    }
}

/// The current connection's number; 0 while there is none.
pub(super) fn epoch(link: &Link) -> u64 {
    match &*link.state().borrow() {
        ConnectionState::Connected { epoch, .. } => *epoch,
        _ => 0,
    }
}
