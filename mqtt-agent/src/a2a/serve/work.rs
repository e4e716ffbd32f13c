//! One task that has not ended: from its turn to its end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, OnceLock, PoisonError, Weak};
use std::time::Instant;

use serde_json::{Map, Value};
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;

use super::{ReadySkill, Shared};
use crate::a2a::store::{StoreError, TaskRecord, TaskSide};
use crate::a2a::task::{Task, TaskUpdateError};
use crate::context::{Caller, Context};
use crate::deadline;
use crate::run::{Job, run};
use crate::wire::{
    self, Artifact, ErrorBody, ErrorKind, Part, Role, TaskError, TaskMessage, TaskResult, TaskState,
    TraceContext, now_rfc3339,
};

/// One task that has not ended.
#[derive(Debug)]
pub(crate) struct Work {
    // Weak: the agent holds its tasks, and not the other way round.
    shared: Weak<Shared>,
    ready: Arc<ReadySkill>,
    /// The task as it was when this process took it.
    begun: wire::Task,
    arguments: Map<String, Value>,
    attempt: u32,
    deadline_ms: Option<i64>,
    seq: AtomicU64,
    record: Mutex<TaskRecord>,
    cancellation: CancellationToken,
    /// Whether whoever gave the task does not want it any more.
    canceled: AtomicBool,
    /// Who waits for an answer.
    question: StdMutex<Option<oneshot::Sender<TaskMessage>>>,
}

impl Work {
    pub(super) fn new(
        shared: &Arc<Shared>,
        ready: Arc<ReadySkill>,
        record: TaskRecord,
        arguments: Map<String, Value>,
    ) -> Arc<Self> {
        let attempt = record.attempts.saturating_add(1);
        Arc::new(Self {
            shared: Arc::downgrade(shared),
            ready,
            begun: record.task.clone(),
            arguments,
            attempt,
            deadline_ms: record.deadline_ms,
            seq: AtomicU64::new(first_seq()),
            record: Mutex::new(record),
            cancellation: shared.abandon.child_token(),
            canceled: AtomicBool::new(false),
            question: StdMutex::default(),
        })
    }

    pub(crate) fn begun(&self) -> &wire::Task {
        &self.begun
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Ends it because whoever gave it does not want it any more.
    pub(super) fn cancel(&self) {
        self.canceled.store(true, Ordering::Release);
        self.cancellation.cancel();
    }

    fn is_canceled(&self) -> bool {
        self.canceled.load(Ordering::Acquire)
    }

    /// Waits for its turn, runs the handler, stores and sends what comes of it.
    pub(super) async fn run(self: Arc<Self>) {
        let Some(shared) = self.shared.upgrade() else { return };
        let ended = self.until_its_end(&shared).await;
        shared.live().remove(&self.begun.task_id);
        if let Some(record) = ended {
            shared.send_result(record).await;
        }
    }

    /// `None` for a task that waits in the store for the agent's next start.
    async fn until_its_end(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<TaskRecord> {
        self.tell_state().await;
        let until = self.deadline_ms.map(deadline::at_ms);
        let turn = async {
            // The skill's own place first: a task that waits for its own skill holds back no other.
            let own = match &self.ready.places {
                Some(places) => Arc::clone(places).acquire_owned().await.ok(),
                None => None,
            };
            (own, Arc::clone(&shared.places).acquire_owned().await.ok())
        };
        let turn = tokio::select! {
            biased;
            () = self.cancellation.cancelled() => return self.cut_off(shared).await,
            () = shared.stopping.cancelled() => return self.cut_off(shared).await,
            () = sleep_until(until) => {
                return Some(self.end(shared, Err(late("it was not begun before its deadline"))).await);
            }
            turn = turn => turn,
        };
        let began = self
            .change(shared, |record| {
                record.attempts = self.attempt;
                record.task.status = TaskState::Working;
            })
            .await;
        if let Err(error) = began {
            // Without it a crash would not count as an attempt; the task itself is stored.
            tracing::warn!(task = %self.begun.task_id, %error, "that a task began was not stored");
        }
        self.tell_state().await;

        let limit = self.ready.skill.timeout.unwrap_or(shared.limits.task_timeout);
        let own = deadline::within(limit);
        let deadline = until.map_or(own, |until| until.min(own));
        let skill = self.ready.skill;
        let context = Arc::new(Context {
            caller: Caller::new(&self.begun.from),
            call_id: self.begun.task_id.clone(),
            tool: skill.id,
            deadline,
            cancellation: self.cancellation.clone(),
            trace: self.trace().await,
            states: Arc::clone(&shared.states),
            client: shared.client.clone(),
            partials: OnceLock::new(),
            task: Some(Task::new(Arc::clone(self))),
            delivery: None,
        });
        let job = Job { name: skill.id, handler: skill.handler, location: skill.location };
        let outcome = run(job, self.arguments.clone(), context, turn).await;
        let stopped = outcome.is_err() && self.cancellation.is_cancelled();
        // What the handler left running ends with it.
        self.cancellation.cancel();
        if stopped {
            return self.cut_off(shared).await;
        }
        let outcome = match outcome {
            Err(error) if error.kind == ErrorKind::Timeout => {
                let limit = deadline.saturating_duration_since(Instant::now().min(deadline));
                tracing::debug!(task = %self.begun.task_id, ?limit, "a task ran out of time");
                Err(late("it took longer than its skill's limit, or than whoever gave it allows"))
            }
            outcome => outcome.map_err(|error| Box::new(failure(error))),
        };
        Some(self.end_with(shared, outcome).await)
    }

    /// It was cancelled, or the agent stops: then a task in a durable store waits there for the next start.
    async fn cut_off(&self, shared: &Shared) -> Option<TaskRecord> {
        if self.is_canceled() {
            return Some(self.finish(shared, |task| task.status = TaskState::Canceled).await);
        }
        if shared.store.is_durable() {
            // Handed back, not crashed: this attempt does not count.
            let handed_back = |record: &mut TaskRecord| {
                record.attempts = self.attempt.saturating_sub(1);
                record.task.status = TaskState::Submitted;
            };
            if let Err(error) = self.change(shared, handed_back).await {
                tracing::warn!(task = %self.begun.task_id, %error, "that a task is handed back was not stored");
            }
            return None;
        }
        let error = TaskError::new("unavailable", "the agent stopped before the task ended; give it again")
            .with_code("stopping");
        Some(self.end(shared, Err(Box::new(error))).await)
    }

    async fn end_with(
        &self,
        shared: &Shared,
        outcome: Result<Box<serde_json::value::RawValue>, Box<TaskError>>,
    ) -> TaskRecord {
        let value = outcome.and_then(|raw| {
            serde_json::from_str::<Value>(raw.get()).map_err(|error| {
                Box::new(TaskError::new("task_error", format!("the result is no JSON: {error}")))
            })
        });
        self.end(shared, value).await
    }

    async fn end(&self, shared: &Shared, outcome: Result<Value, Box<TaskError>>) -> TaskRecord {
        self.finish(shared, |task| match outcome {
            Ok(value) => {
                task.status = TaskState::Completed;
                task.result = Some(value);
            }
            Err(error) => {
                let refused = error.kind == ErrorKind::InvalidArguments.as_str();
                task.status = if refused { TaskState::Rejected } else { TaskState::Failed };
                task.error = Some(*error);
            }
        })
        .await
    }

    /// Stores the end. When that fails it is sent all the same: whoever waits is better off, and after a restart the
    /// task would run again.
    async fn finish(&self, shared: &Shared, how: impl FnOnce(&mut wire::Task)) -> TaskRecord {
        let mut record = self.record.lock().await;
        how(&mut record.task);
        record.task.updated_at = now_rfc3339();
        shared.ended(&mut record);
        if let Err(error) = shared.store.update(TaskSide::Executor, record.clone()).await {
            tracing::error!(task = %self.begun.task_id, %error, "the end of a task was not stored");
        }
        record.clone()
    }

    /// Changes the record, here and in the store.
    async fn change(&self, shared: &Shared, how: impl FnOnce(&mut TaskRecord)) -> Result<(), StoreError> {
        let mut record = self.record.lock().await;
        how(&mut record);
        record.task.updated_at = now_rfc3339();
        shared.store.update(TaskSide::Executor, record.clone()).await.map(|_| ())
    }

    async fn trace(&self) -> Option<TraceContext> {
        let record = self.record.lock().await;
        TraceContext::new(record.traceparent.as_deref()?, record.tracestate.as_deref())
    }

    /// Sends an update, where updates were asked for (`A2A-13`).
    async fn tell(&self, fill: impl FnOnce(&mut TaskResult)) {
        let Some(shared) = self.shared.upgrade() else { return };
        let record = self.record.lock().await;
        if !record.updates || record.task.status.is_terminal() {
            return;
        }
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        let mut update =
            TaskResult::update(self.begun.task_id.clone(), record.task.status, shared.id.as_str(), seq);
        fill(&mut update);
        let Some(message) = shared.message(&record, &update) else { return };
        // With the record in hand, so that updates go out in their order. A failure is logged by the connection.
        if let Err(error) = shared.link.enqueue(message).await {
            tracing::warn!(task = %self.begun.task_id, %error, "an update was not sent");
        }
    }

    /// Tells where it is; and what it asks, while it waits for an answer.
    pub(super) async fn tell_state(&self) {
        let question = {
            let record = self.record.lock().await;
            let asks = record.task.status == TaskState::InputRequired;
            record.task.messages.last().filter(|_| asks).cloned()
        };
        self.tell(|update| update.message = question).await;
    }

    pub(crate) async fn progress(&self, message: TaskMessage) {
        self.tell(|update| update.message = Some(message)).await;
    }

    pub(crate) async fn artifact(&self, artifact: Artifact) -> Result<(), TaskUpdateError> {
        let shared = self.shared.upgrade().ok_or(TaskUpdateError::Ended)?;
        {
            let mut record = self.record.lock().await;
            let mut with = record.clone();
            match with.task.artifacts.iter_mut().find(|known| known.artifact_id == artifact.artifact_id) {
                Some(known) => *known = artifact.clone(),
                None => with.task.artifacts.push(artifact.clone()),
            }
            if let Some(message) = shared.result(&with)
                && let Err((size, limit)) = shared.link.check_peer_size(&message)
            {
                return Err(TaskUpdateError::TooLarge { size, limit });
            }
            with.task.updated_at = now_rfc3339();
            shared.store.update(TaskSide::Executor, with.clone()).await?;
            *record = with;
        }
        self.tell(|update| update.artifacts = vec![artifact]).await;
        Ok(())
    }

    pub(crate) async fn ask(&self, question: Vec<Part>) -> Result<TaskMessage, TaskUpdateError> {
        let shared = self.shared.upgrade().ok_or(TaskUpdateError::Ended)?;
        let answer = {
            let mut record = self.record.lock().await;
            if let Some(answer) = answered(&record.task.messages, &question) {
                return Ok(answer);
            }
            if !record.updates || record.reply_topic.is_none() {
                return Err(TaskUpdateError::NobodyListens);
            }
            let (sender, answer) = oneshot::channel();
            *self.question.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
            // A question that an earlier attempt asked, and that was not answered, is there already.
            let asked = record.task.messages.last();
            if !asked.is_some_and(|last| last.role == Role::Agent && last.content == question) {
                record.task.messages.push(TaskMessage::new(Role::Agent, question));
            }
            record.task.status = TaskState::InputRequired;
            record.task.updated_at = now_rfc3339();
            shared.store.update(TaskSide::Executor, record.clone()).await?;
            answer
        };
        self.tell_state().await;
        answer.await.map_err(|_| TaskUpdateError::Ended)
    }

    /// Takes a further message: the answer to its question. One that it did not ask for is dropped.
    pub(super) async fn answer(&self, message: TaskMessage) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut record = self.record.lock().await;
        let waiting = self.question.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(waiting) = waiting.filter(|waiting| !waiting.is_closed()) else {
            return tracing::warn!(task = %self.begun.task_id, "a message to a task that asks nothing was dropped");
        };
        let message = TaskMessage { role: Role::User, ..message };
        record.task.messages.push(message.clone());
        record.task.status = TaskState::Working;
        record.task.updated_at = now_rfc3339();
        if let Err(error) = shared.store.update(TaskSide::Executor, record.clone()).await {
            // It goes on all the same; only a later attempt would ask again.
            tracing::warn!(task = %self.begun.task_id, %error, "an answer was not stored");
        }
        drop(record);
        // A handler that left in this moment loses nothing.
        drop(waiting.send(message));
        self.tell_state().await;
    }
}

/// The answer that was given to the same question.
fn answered(messages: &[TaskMessage], question: &[Part]) -> Option<TaskMessage> {
    let asked = |message: &TaskMessage| message.role == Role::Agent && message.content == question;
    let index = messages.iter().position(asked)?;
    messages.get(index.checked_add(1)?).filter(|answer| answer.role == Role::User).cloned()
}

/// Updates are not stored, and their numbers rise over all processes all the same: they begin with the time, with room for
/// a thousand in each millisecond, and below the largest whole number of a JavaScript peer.
fn first_seq() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0) << 10
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

fn late(what: &str) -> Box<TaskError> {
    Box::new(TaskError::new(ErrorKind::Timeout.as_str(), format!("{what}; give it more time")))
}

/// A handler's error as a task's. What is no kind of its own is the skill's answer.
fn failure(error: ErrorBody) -> TaskError {
    let kind = match &error.kind {
        ErrorKind::ToolError => "task_error",
        kind => kind.as_str(),
    };
    TaskError { kind: kind.to_owned(), message: error.message, code: error.code }
}
