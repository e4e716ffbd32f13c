//! [`Delegation`]: one delegated task as it was sent, and the channels to the waiter ([`Waiting`]).

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use crate::deadline;
use crate::json;
use crate::ledger::{Ledger, Share};
use crate::link::Message;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::store::{StoreError, TaskRecord};
use crate::wire::{
    Identifier, Intent, Namespace, Task, TaskMessage, TaskNotification, TaskResult, TraceContext,
};

/// Updates that wait for a watcher of a task; more are dropped and logged.
const UPDATES: usize = 256;

/// How many bytes of them wait over all tasks of a connection; more are dropped too.
pub(super) const UPDATE_BYTES: usize = 64 << 20;

/// An update that waits, and its share of what may wait.
type Waits = (Box<TaskResult>, Share);

/// One task that was asked for. Where it is stands in the book; this is what it was, and what its handle hears.
#[derive(Debug)]
pub(crate) struct Delegation {
    pub(crate) task: Names,
    /// The task itself. `None` of a task of an earlier process: the store alone has it, for there may be many.
    whole: Option<Box<Task>>,
    /// Where the result is awaited, of a request (`A2A-7`).
    pub(crate) result_topic: Option<String>,
    trace: Option<TraceContext>,
    /// Whether the store has it.
    pub(crate) stored: bool,
    /// When the agent's time for it is over.
    pub(crate) deadline: Option<Instant>,
    /// The same for the store.
    deadline_ms: Option<i64>,
    /// The replica that works on it, once it was heard of.
    executor: Mutex<Option<Arc<str>>>,
    /// The waiter. `None` of a task of an earlier process, of which there may be many.
    heard: Option<Box<Heard>>,
}

/// What names a task, and who asks whom for it.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) task_id: Identifier,
    pub(crate) from: Box<str>,
    pub(crate) to: Box<str>,
}

/// What reaches the waiter.
#[derive(Debug)]
struct Heard {
    updates: mpsc::Sender<Waits>,
    end: watch::Sender<Option<Ended>>,
    known: watch::Sender<Known>,
}

impl Heard {
    fn new() -> (Self, Waiting) {
        let (updates, received) = mpsc::channel(UPDATES);
        let (end, ended) = watch::channel(None);
        let heard = Self { updates, end, known: watch::Sender::default() };
        (heard, Waiting { updates: Updates(received), end: ended })
    }
}

/// What is known of a task before it ends.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Somebody works on it.
    taken: bool,
    /// The store had its first try at what a later process has to know.
    noted: bool,
    /// The store had its first try at the task as settled.
    settled: bool,
}

/// How the wait for a task ends.
pub(super) type Ended = Result<TaskResult, StoreError>;

/// What the waiter holds of a task.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) updates: Updates,
    pub(crate) end: watch::Receiver<Option<Ended>>,
}

/// What was heard of a task and not read yet.
#[derive(Debug)]
pub(crate) struct Updates(mpsc::Receiver<Waits>);

impl Updates {
    pub(crate) async fn recv(&mut self) -> Option<TaskResult> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<TaskResult>> {
        self.0.poll_recv(cx).map(|waited| waited.map(|(update, _)| *update))
    }

    pub(crate) fn try_recv(&mut self) -> Option<TaskResult> {
        self.0.try_recv().ok().map(|(update, _)| *update)
    }
}

impl Delegation {
    /// A task that is kept in no store.
    pub(crate) fn new(
        task: Task,
        result_topic: Option<String>,
        trace: Option<TraceContext>,
        deadline: Option<Instant>,
    ) -> (Self, Waiting) {
        let (heard, waiting) = Heard::new();
        let names = Names {
            task_id: task.task_id.clone(),
            from: task.from.as_str().into(),
            to: task.to.as_str().into(),
        };
        let delegation = Self {
            task: names,
            whole: Some(Box::new(task)),
            result_topic,
            trace,
            stored: false,
            deadline,
            deadline_ms: None,
            executor: Mutex::default(),
            heard: Some(Box::new(heard)),
        };
        (delegation, waiting)
    }

    /// A task of another process: its executor knows what it is, and says so at its own topic.
    pub(super) fn elsewhere(names: Names, result_topic: String) -> (Self, Waiting) {
        let (heard, waiting) = Heard::new();
        let delegation = Self {
            task: names,
            whole: None,
            result_topic: Some(result_topic),
            trace: None,
            stored: false,
            deadline: None,
            deadline_ms: None,
            executor: Mutex::default(),
            heard: Some(Box::new(heard)),
        };
        (delegation, waiting)
    }

    /// The same task, for somebody who waits for it from now on. `executor`: who works on it.
    pub(super) fn attached(&self, executor: Option<Arc<str>>) -> (Self, Waiting) {
        let (heard, waiting) = Heard::new();
        let Names { task_id, from, to } = &self.task;
        let delegation = Self {
            task: Names { task_id: task_id.clone(), from: from.clone(), to: to.clone() },
            whole: self.whole.clone(),
            result_topic: self.result_topic.clone(),
            trace: self.trace.clone(),
            stored: self.stored,
            deadline: self.deadline,
            deadline_ms: self.deadline_ms,
            executor: Mutex::new(executor),
            heard: Some(Box::new(heard)),
        };
        (delegation, waiting)
    }

    /// Whether nobody here knows what it is: it is asked for by its id instead of being sent again.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.whole.is_none() && !self.stored
    }

    /// A task of an earlier process, for which nobody waits.
    pub(super) fn recovered(record: TaskRecord) -> Self {
        let (delegation, _) = Self::of(record);
        Self { heard: None, whole: None, ..delegation }
    }

    /// A task as the store has it.
    pub(crate) fn of(record: TaskRecord) -> (Self, Waiting) {
        let trace = record.traceparent.as_deref();
        let trace = trace.and_then(|parent| TraceContext::new(parent, record.tracestate.as_deref()));
        let deadline = record.deadline_ms.map(deadline::at_ms);
        let (delegation, waiting) = Self::new(record.task, None, trace, deadline);
        *delegation.known() = record.executor.map(Arc::from);
        (Self { stored: true, deadline_ms: record.deadline_ms, ..delegation }, waiting)
    }

    /// Its record, as far as nothing of it changes; `None` where the store alone has it.
    pub(super) fn record(&self) -> Option<TaskRecord> {
        let task = self.whole.as_deref()?.clone();
        Some(TaskRecord {
            updates: true,
            deadline_ms: self.deadline_ms,
            traceparent: self.trace.as_ref().map(|trace| trace.traceparent().to_owned()),
            tracestate: self.trace.as_ref().and_then(|trace| trace.tracestate().map(str::to_owned)),
            ..TaskRecord::new(task)
        })
    }

    /// The message that asks for it: at the replica that has it already, where that is known. `None` where the store
    /// alone has the task.
    pub(crate) fn message(&self, namespace: &Namespace) -> Option<Message> {
        self.whole.as_deref().map(|task| self.message_of(namespace, task))
    }

    /// The same, of the task as the store has it.
    pub(super) fn message_of(&self, namespace: &Namespace, task: &Task) -> Message {
        self.addressed(namespace, &TaskNotification::of(task, true))
    }

    /// The message that names it by its id alone: its executor says where it is (`A2A-6`).
    pub(crate) fn question(&self, namespace: &Namespace) -> Message {
        let about = TaskNotification { updates: true, ..self.about(Intent::Task) };
        self.addressed(namespace, &about)
    }

    /// The same to an agent that may have lost it: it answers also that it does not have it.
    pub(super) fn last_question(&self, namespace: &Namespace) -> Message {
        self.addressed(namespace, &self.about(Intent::Task))
    }

    fn addressed(&self, namespace: &Namespace, notification: &TaskNotification) -> Message {
        let message = Message::json(namespace.inbox(&self.executor()), notification.to_bytes());
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

    /// The trace it belongs to (`SUB-13`).
    pub(crate) fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// A message about it (`A2A-12`).
    pub(crate) fn about(&self, intent: Intent) -> TaskNotification {
        let Names { task_id, from, .. } = &self.task;
        TaskNotification::about(task_id.clone(), intent, from, &self.executor())
    }

    /// The message that says more about it.
    pub(crate) fn further(&self, namespace: &Namespace, said: TaskMessage) -> Message {
        let mut about = self.about(Intent::Message);
        about.messages = vec![said];
        Message::json(namespace.inbox(&self.executor()), about.to_bytes())
    }

    /// The message that asks for its end.
    pub(crate) fn cancel(&self, namespace: &Namespace) -> Message {
        Message::json(namespace.inbox(&self.executor()), self.about(Intent::Cancel).to_bytes())
    }

    /// Whose inbox takes what is said about the task.
    pub(crate) fn executor(&self) -> Arc<str> {
        self.known_executor().unwrap_or_else(|| (*self.task.to).into())
    }

    /// The replica that works on it, once it was heard of.
    pub(super) fn known_executor(&self) -> Option<Arc<str>> {
        self.known().clone()
    }

    /// Locked for a moment.
    fn known(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        self.executor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_executor(&self, executor: Arc<str>) {
        *self.known() = Some(executor);
        self.tell(|known| known.taken = true);
    }

    /// Whether it is known who works on it.
    pub(crate) fn is_taken(&self) -> bool {
        self.known().is_some()
    }

    /// Waits until it is known who works on it.
    pub(crate) async fn taken(&self) {
        self.hears(|known| known.taken).await;
    }

    /// Whether an agent of this id may work on the task: the one that was asked, or a replica of it.
    pub(super) fn may_be_at(&self, agent: &str) -> bool {
        let rest = agent.strip_prefix(&*self.task.to);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    pub(super) fn update(&self, result: TaskResult, ledger: &Ledger) {
        let Some(heard) = &self.heard else { return };
        let Some(share) = ledger.take(json::memory(&result)) else {
            limited!(warn, "dropped an update: {UPDATE_BYTES} bytes wait already", task = %shown(&self.task.task_id));
            return;
        };
        #[allow(clippy::disallowed_methods, reason = "the buffer of a watcher: updates over it are dropped")]
        if let Err(mpsc::error::TrySendError::Full(_)) = heard.updates.try_send((Box::new(result), share)) {
            limited!(warn, "dropped an update: {UPDATES} wait already", task = %shown(&self.task.task_id));
        }
    }

    pub(super) fn end(&self, end: Ended) {
        let Some(heard) = &self.heard else { return };
        heard.end.send_if_modified(|known| {
            let first = !matches!(known, Some(Ok(_)));
            if first {
                *known = Some(end);
            }
            first
        });
    }

    /// Waits until the waiter was told of its end.
    pub(crate) async fn over(&self) {
        if let Some(heard) = &self.heard {
            // Never closed: the sender is ours.
            let _ = heard.end.subscribe().wait_for(Option::is_some).await;
        }
    }

    fn tell(&self, what: impl FnOnce(&mut Known)) {
        if let Some(heard) = &self.heard {
            heard.known.send_modify(what);
        }
    }

    async fn hears(&self, what: impl Fn(&Known) -> bool) {
        if let Some(heard) = &self.heard {
            // Never closed: the sender is ours.
            let _ = heard.known.subscribe().wait_for(what).await;
        }
    }

    pub(super) fn note(&self) {
        self.tell(|known| known.noted = true);
    }

    /// Waits until the store had its first try at what a later process has to know.
    pub(crate) async fn noted(&self) {
        self.hears(|known| known.noted).await;
    }

    pub(super) fn settle(&self) {
        self.tell(|known| known.settled = true);
    }

    /// Waits until the store had its first try at the task as settled.
    pub(crate) async fn settled(&self) {
        self.hears(|known| known.settled).await;
    }
}
