//! Running a task: from its turn to its end.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::{Shared, Work};
use crate::a2a::task::Task;
use crate::deadline;
use crate::handler::context::{Caller, Context, Invocation};
use crate::handler::registry::OnCrash;
use crate::handler::run::{Job, run};
use crate::serve::Admitted;
use crate::store::{StoreError, TaskRecord};
use crate::wire::{self, ErrorBody, ErrorKind, TaskError, TaskState, TraceContext, codes, now_rfc3339};

impl Work {
    /// Waits for its turn, runs the handler, stores and sends what comes of it.
    pub(super) async fn run(self: Arc<Self>, mut place: Admitted) {
        let Some(shared) = self.shared.upgrade() else { return };
        let ended = self.until_its_end(&shared, &mut place).await;
        drop(place);
        shared.live().remove(&self.begun().task_id);
        if let Some(record) = ended {
            shared.send_result(record).await;
        }
    }

    /// `None` for a task that waits in the store for the agent's next start.
    async fn until_its_end(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        place: &mut Admitted,
    ) -> Option<TaskRecord> {
        self.tell_state().await;
        let until = self.deadline_ms.map(deadline::at_ms);
        let turn = tokio::select! {
            biased;
            () = self.cancellation.cancelled() => return self.cut_off(shared, false).await,
            () = shared.stopping.cancelled() => return self.cut_off(shared, false).await,
            () = sleep_until(until) => {
                return Some(self.end(shared, Err(late("it was not begun before its deadline"))).await);
            }
            // Never busy: it was taken.
            turn = place.turn(self.ready.places.as_ref()) => turn.ok(),
        };
        // Not kept while it waits: the task has them.
        let arguments = match self.ready.arguments(self.begun()) {
            Ok(arguments) => arguments,
            Err(error) => return Some(self.end(shared, Err(Box::new(error))).await),
        };
        let began = self
            .change(shared, |record| {
                record.attempts = self.attempt();
                record.task.status = TaskState::Working;
            })
            .await;
        if let Err(error) = began {
            // Without it a crash would not count as an attempt; the task itself is stored.
            tracing::warn!(task = %self.begun().task_id, %error, "that a task began was not stored");
        }
        self.tell_state().await;

        let limit = self.ready.skill.timeout.unwrap_or(shared.limits.task_timeout);
        let own = deadline::within(limit);
        let deadline = until.map_or(own, |until| until.min(own));
        let skill = self.ready.skill;
        let context = Context::with(
            Invocation {
                caller: Caller::new(&self.begun().from),
                call_id: self.begun().task_id.clone(),
                handler: skill.id,
                deadline,
                cancellation: self.cancellation.clone(),
                trace: trace(&*self.record.lock().await),
                receiver_limit: None,
                states: Arc::clone(&shared.states),
                session: shared.handle.clone(),
            },
            Task::new(Arc::clone(self)),
        );
        let job = Job { name: skill.id, handler: skill.handler, location: skill.location };
        let outcome = run(job, arguments, context, turn).await;
        let stopped = outcome.is_err() && self.cancellation.is_cancelled();
        // What the handler left running ends with it.
        self.cancellation.cancel();
        if stopped {
            return self.cut_off(shared, true).await;
        }
        let outcome = match outcome {
            Err(error) if error.kind == ErrorKind::Timeout => {
                let limit = deadline.saturating_duration_since(Instant::now().min(deadline));
                tracing::debug!(task = %self.begun().task_id, ?limit, "a task ran out of time");
                Err(late("it took longer than its skill's limit, or than whoever gave it allows"))
            }
            outcome => outcome.map_err(|error| Box::new(failure(error))),
        };
        Some(self.end_with(shared, outcome).await)
    }

    /// It was cancelled, or the agent stops: then a task in a durable store waits there for the next start, unless it
    /// has begun and must not begin again.
    async fn cut_off(&self, shared: &Shared, begun: bool) -> Option<TaskRecord> {
        if self.is_canceled() {
            return Some(self.finish(shared, |task| task.status = TaskState::Canceled).await);
        }
        let may_begin_again = !begun || self.ready.skill.on_crash == OnCrash::Retry;
        if shared.store.is_durable() && may_begin_again {
            // Handed back, not crashed: this attempt does not count.
            let handed_back = |record: &mut TaskRecord| {
                record.attempts = self.attempt().saturating_sub(1);
                record.task.status = TaskState::Submitted;
            };
            if let Err(error) = self.change(shared, handed_back).await {
                tracing::warn!(task = %self.begun().task_id, %error, "that a task is handed back was not stored");
            }
            return None;
        }
        let error = TaskError::new("unavailable", "the agent stopped before the task ended; give it again")
            .with_code(codes::STOPPING);
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
        let ended = Arc::make_mut(&mut record);
        how(&mut ended.task);
        ended.task.updated_at = now_rfc3339();
        shared.ended(ended).await;
        if let Err(error) = shared.keep(ended).await {
            tracing::error!(task = %self.begun().task_id, %error, "the end of a task was not stored");
        }
        ended.clone()
    }

    /// Changes the record, here and in the store.
    async fn change(&self, shared: &Shared, how: impl FnOnce(&mut TaskRecord)) -> Result<(), StoreError> {
        let mut record = self.record.lock().await;
        let changed = Arc::make_mut(&mut record);
        how(changed);
        changed.task.updated_at = now_rfc3339();
        shared.keep(changed).await
    }
}

/// What the task's message said of its trace (`SUB-13`).
pub(super) fn trace(record: &TaskRecord) -> Option<TraceContext> {
    TraceContext::new(record.traceparent.as_deref()?, record.tracestate.as_deref())
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
