//! [`Asked`]: one task that this connection asked for, and what its waiter holds ([`Waiting`]).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Mutex, mpsc, watch};

use crate::deadline;
use crate::link::{Link, Message};
use crate::store::TaskRecord;
use crate::wire::{Identifier, Intent, Namespace, Task, TaskNotification, TaskResult, TraceContext};

/// Updates that wait for whoever watches a task; more are dropped and logged.
const UPDATES: usize = 256;

/// One task that was asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) task: Task,
    /// Where the result is awaited, of a request (`A2A-7`).
    pub(crate) result_topic: Option<String>,
    pub(crate) trace: Option<TraceContext>,
    /// Whether the store has it.
    pub(crate) stored: bool,
    /// When the agent's time for it is over.
    pub(crate) deadline: Option<Instant>,
    /// Whether somebody waits for the end.
    pub(crate) wanted: AtomicBool,
    /// Whether its end was asked for.
    pub(crate) canceled: AtomicBool,
    /// Held while the store's record is changed, so that no change is lost.
    pub(crate) turn: Mutex<()>,
    /// Whether [`Results`](crate::a2a::delegate::Results) was given the task.
    released: AtomicBool,
    sent: StdMutex<Option<Sent>>,
    /// The replica that works on it, once it was heard of.
    executor: watch::Sender<Option<Arc<str>>>,
    seq: AtomicU64,
    updates: mpsc::Sender<TaskResult>,
    end: watch::Sender<Option<TaskResult>>,
}

/// When a task was sent last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    /// On which connection of this process; 0 for one of an earlier process.
    epoch: u64,
    /// In which session at the broker.
    session: u64,
}

impl Sent {
    pub(crate) fn now(link: &Link) -> Self {
        Self { epoch: link.epoch(), session: link.session() }
    }

    /// By an earlier process, in the session that it left.
    const EARLIER: Self = Self { epoch: 0, session: 0 };
}

/// What whoever waits for a task holds of it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) updates: mpsc::Receiver<TaskResult>,
    pub(crate) end: watch::Receiver<Option<TaskResult>>,
}

impl Asked {
    /// A task that is kept in no store.
    pub(crate) fn new(
        task: Task,
        result_topic: Option<String>,
        trace: Option<TraceContext>,
        deadline: Option<Instant>,
    ) -> (Self, Waiting) {
        let (updates, received) = mpsc::channel(UPDATES);
        let (end, ended) = watch::channel(None);
        let asked = Self {
            task,
            result_topic,
            trace,
            stored: false,
            deadline,
            wanted: AtomicBool::new(true),
            canceled: AtomicBool::new(false),
            turn: Mutex::default(),
            released: AtomicBool::new(false),
            sent: StdMutex::new(None),
            executor: watch::Sender::new(None),
            seq: AtomicU64::new(0),
            updates,
            end,
        };
        (asked, Waiting { updates: received, end: ended })
    }

    /// A task as the store has it, of this process or an earlier one.
    pub(crate) fn of(record: TaskRecord) -> (Self, Waiting) {
        let trace = record.traceparent.as_deref();
        let trace = trace.and_then(|parent| TraceContext::new(parent, record.tracestate.as_deref()));
        let deadline = record.deadline_ms.map(deadline::at_ms);
        let (asked, waiting) = Self::new(record.task, None, trace, deadline);
        asked.executor.send_replace(record.executor.map(Arc::from));
        let sent = StdMutex::new(record.sent.then_some(Sent::EARLIER));
        let canceled = AtomicBool::new(record.canceled);
        (Self { stored: true, sent, canceled, ..asked }, waiting)
    }

    /// The message that asks for it: at the replica that has it already, where that is known.
    pub(crate) fn message(&self, namespace: &Namespace) -> Message {
        let notification = TaskNotification::of(&self.task, true);
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

    /// A message about it (`A2A-12`).
    pub(crate) fn about(&self, intent: Intent) -> TaskNotification {
        let Task { task_id, from, .. } = &self.task;
        TaskNotification::about(task_id.clone(), intent, from, &self.executor())
    }

    /// The message that asks for its end.
    pub(crate) fn cancel(&self, namespace: &Namespace) -> Message {
        Message::json(namespace.inbox(&self.executor()), self.about(Intent::Cancel).to_bytes())
    }

    fn sent(&self) -> MutexGuard<'_, Option<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It was sent, or with `None` it turned out that nobody got it.
    pub(crate) fn set_sent(&self, sent: Option<Sent>) {
        *self.sent() = sent;
    }

    /// Whether it is to be sent again to an agent that is online. `retained` is what the broker had kept; it says nothing
    /// of tasks that were sent on this very connection.
    ///
    /// A task runs at one replica: known to be at one it goes to none but that. Before, it may be at any of them, and is
    /// sent again only where the broker has lost it.
    pub(crate) fn is_for(&self, agent: &str, retained: bool, now: Sent) -> bool {
        let sent = *self.sent();
        let on_this_connection = sent.is_some_and(|sent| sent.epoch == now.epoch);
        match &*self.executor.borrow() {
            Some(executor) => **executor == *agent && !(retained && on_this_connection),
            None if agent == self.task.to => !(retained && on_this_connection),
            None => self.is_of(agent) && self.is_lost(now),
        }
    }

    /// Whether the broker may have lost it, as it lost the session.
    pub(crate) fn is_lost(&self, now: Sent) -> bool {
        self.sent().is_none_or(|sent| sent.session != now.session)
    }

    /// Whether an agent of this id may work on the task: the one that was asked, or a replica of it.
    fn is_of(&self, agent: &str) -> bool {
        let rest = agent.strip_prefix(self.task.to.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Whose inbox takes what is said about the task.
    pub(crate) fn executor(&self) -> Arc<str> {
        self.executor.borrow().clone().unwrap_or_else(|| self.task.to.as_str().into())
    }

    /// Whether it is known who works on it.
    pub(crate) fn is_taken(&self) -> bool {
        self.executor.borrow().is_some()
    }

    /// Waits until it is known who works on it.
    pub(crate) async fn taken(&self) {
        // Never closed: the sender is ours.
        let _ = self.executor.subscribe().wait_for(Option::is_some).await;
    }

    /// Notes who works on it; whether that is a replica that was not known before. A task stays with the one that took it.
    pub(crate) fn heard(&self, result: &TaskResult) -> bool {
        let from = result.from.as_str();
        if !self.is_of(from) || Identifier::parse(from).is_err() {
            return false;
        }
        let new = self.executor.send_if_modified(|executor| {
            let new = executor.is_none();
            if new {
                *executor = Some(from.into());
            }
            new
        });
        new && from != self.task.to
    }

    pub(crate) fn update(&self, result: TaskResult) {
        // Redelivered ones, and those that were overtaken. Kept one higher, so that the first may be 0.
        if let Some(seq) = result.seq
            && self.seq.fetch_max(seq.saturating_add(1), Ordering::AcqRel) > seq
        {
            return;
        }
        #[allow(
            clippy::disallowed_methods,
            reason = "the buffer of whoever watches: updates over it are dropped"
        )]
        if let Err(mpsc::error::TrySendError::Full(_)) = self.updates.try_send(result) {
            tracing::warn!(task = %self.task.task_id, "dropped an update: {UPDATES} wait already");
        }
    }

    pub(crate) fn end(&self, result: TaskResult) {
        self.end.send_replace(Some(result));
    }

    /// Whether it is to be given to [`Results`](crate::a2a::delegate::Results): once.
    pub(crate) fn release(&self) -> bool {
        self.stored && !self.released.swap(true, Ordering::AcqRel)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::wire::{TaskState, now_rfc3339};

    fn asked(to: &str) -> Asked {
        let task = TaskNotification::about(Identifier::random(), Intent::Task, "boss", to).into_task();
        Asked::new(task, None, None, None).0
    }

    fn heard(asked: &Asked, from: &str) -> bool {
        asked.heard(&TaskResult::update(asked.task.task_id.clone(), TaskState::Working, from, 0))
    }

    const NOW: Sent = Sent { epoch: 3, session: 1 };

    #[test]
    fn a_task_of_one_agent_is_sent_again_when_that_comes_online() {
        let asked = asked("team");
        asked.set_sent(Some(NOW));
        assert!(asked.is_for("team", false, NOW));
        assert!(!asked.is_for("team", true, NOW), "it was there all the time");
        assert!(asked.is_for("team", true, Sent { epoch: 4, ..NOW }));
        for other in ["tea", "teamwork", "other"] {
            assert!(!asked.is_for(other, false, Sent { epoch: 4, session: 2 }), "{other}");
        }
    }

    #[test]
    fn a_task_that_any_replica_may_have_is_sent_again_only_when_the_session_was_lost() {
        let asked = asked("team");
        asked.set_sent(Some(NOW));
        assert!(!asked.is_for("team-b", false, Sent { epoch: 4, ..NOW }));
        assert!(asked.is_for("team-b", false, Sent { epoch: 4, session: 2 }));
        asked.set_sent(None);
        assert!(asked.is_for("team-b", true, NOW), "nobody had it");
    }

    #[test]
    fn a_task_that_a_replica_has_is_sent_again_to_that_alone() {
        let asked = asked("team");
        asked.set_sent(Some(NOW));
        assert!(heard(&asked, "team-a"));
        assert!(!heard(&asked, "team-b"), "it stays with the first");
        let later = Sent { epoch: 4, session: 2 };
        assert!(asked.is_for("team-a", false, later));
        assert!(!asked.is_for("team-b", false, later));
        assert!(!asked.is_for("team", false, later));
        assert_eq!(&*asked.message(&Namespace::default()).topic, "a2a/v1/tasks/team-a/inbox");
    }

    #[test]
    fn a_claim_of_somebody_else_is_not_believed() {
        let asked = asked("team");
        for from in ["", "thief", "teamster", "team-a/inbox", "team-#"] {
            assert!(!heard(&asked, from), "{from}");
            assert!(!asked.is_taken());
        }
        assert!(!heard(&asked, "team"), "no replica");
        assert!(asked.is_taken());
    }

    #[test]
    fn updates_are_given_once_and_the_first_may_be_0() {
        let task = TaskNotification::about(Identifier::random(), Intent::Task, "boss", "team").into_task();
        let (asked, mut waiting) = Asked::new(task, None, None, None);
        for seq in [0, 0, 2, 1, 2, 3] {
            let id = asked.task.task_id.clone();
            asked.update(TaskResult::update(id, TaskState::Working, "team", seq));
        }
        let mut seen = Vec::new();
        while let Ok(update) = waiting.updates.try_recv() {
            seen.push(update.seq.unwrap());
        }
        assert_eq!(seen, [0, 2, 3]);
    }

    #[test]
    fn what_an_earlier_process_sent_is_lost_only_with_its_session() {
        let mut record = TaskRecord::new(asked("team").task);
        record.task.created_at = now_rfc3339();
        assert!(Asked::of(record.clone()).0.is_lost(NOW), "never sent");
        record.sent = true;
        let (kept, fresh) = (Sent { epoch: 1, session: 0 }, Sent { epoch: 1, session: 1 });
        let (asked, _) = Asked::of(record);
        assert!(!asked.is_lost(kept));
        assert!(asked.is_lost(fresh));
    }
}
