//! Running a task: from its turn to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::machine::{Event, Insertion, Machine, Promise, Step};
use super::{Shared, Work};
use crate::a2a::task::Task;
use crate::deadline;
use crate::handler::context::{Caller, Context, Invocation};
use crate::handler::refusal::unavailable;
use crate::handler::registry::OnCrash;
use crate::handler::run::{Job, run};
use crate::link::Ack;
use crate::serve::{Admitted, Turn};
use crate::store::{Inserted, StoreError, Stored, TaskRecord, TaskSide, insert};
use crate::wire::{ErrorBody, ErrorKind, TaskError, TaskState, TraceContext, codes};

/// What one step leaves for the next one.
struct Driver {
    machine: Machine,
    ack: Option<Ack>,
    stored: Option<Stored>,
    existing: Option<Box<TaskRecord>>,
    failure: Option<StoreError>,
    place: Option<Admitted>,
    turn: Option<Turn>,
    arguments: Map<String, Value>,
    /// Whether the end was held to the size that its owner takes.
    fits: bool,
}

/// A task that is in hand, until this is dropped: a panic leaves none behind.
struct InHand<'t> {
    shared: &'t Arc<Shared>,
    work: &'t Arc<Work>,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.shared.forget(self.work);
    }
}

impl Work {
    /// Does one step after the other, until nothing is left to do.
    pub(super) async fn run(self: Arc<Self>, place: Admitted, first: Event, ack: Option<Ack>) {
        let Some(shared) = self.shared.upgrade() else { return };
        let _over = self.over.clone().drop_guard();
        let _in_hand = InHand { shared: &shared, work: &self };
        let skill = self.ready.skill;
        let promise = Promise {
            durable: shared.store.is_durable(),
            again: skill.on_crash == OnCrash::Retry,
            attempts: skill.attempts,
        };
        let mut driver = Driver {
            machine: Machine::new(promise),
            ack,
            stored: None,
            existing: None,
            failure: None,
            place: Some(place),
            turn: None,
            arguments: Map::new(),
            fits: false,
        };
        let mut event = first;
        loop {
            let step = driver.machine.on(event, &mut *self.record.lock().await);
            match self.step(&shared, &mut driver, step).await {
                Some(next) => event = next,
                None => return,
            }
        }
    }

    async fn step(self: &Arc<Self>, shared: &Arc<Shared>, driver: &mut Driver, step: Step) -> Option<Event> {
        match step {
            Step::Insert => Some(Event::Inserted(self.insert(shared, driver).await)),
            Step::Accept => {
                if let (Some(ack), Some(stored)) = (driver.ack.take(), &driver.stored) {
                    ack.stored(stored);
                }
                Some(self.wait(shared, driver).await)
            }
            Step::Wait => Some(self.wait(shared, driver).await),
            Step::Known => {
                shared.forget(self);
                if let Some(existing) = driver.existing.take() {
                    shared.again(*existing, &self.begun).await;
                }
                if let (Some(ack), Some(stored)) = (driver.ack.take(), &driver.stored) {
                    ack.stored(stored);
                }
                None
            }
            Step::Refuse => self.refuse(shared, driver).await,
            Step::Store => Some(Event::Stored(self.keep(shared, driver).await)),
            Step::Pause(pause) => self.pause(shared, driver, pause).await,
            Step::Run => Some(self.work(shared, driver).await),
            Step::Send | Step::Settled | Step::Unsent => {
                // It has ended: its place is free, and it is found in the store from now on.
                driver.place = None;
                shared.forget(self);
                let record = Arc::clone(&*self.record.lock().await);
                shared.deliver(&mut driver.machine, step, record).await;
                None
            }
            Step::Left => None,
        }
    }

    async fn insert(&self, shared: &Shared, driver: &mut Driver) -> Insertion {
        match insert(&*shared.store, TaskSide::Executor, TaskRecord::clone(&self.begun)).await {
            Ok(Inserted::New(stored)) => {
                self.note_stored(Some(stored));
                driver.stored = Some(stored);
                Insertion::New
            }
            Ok(Inserted::Known(existing, stored)) => {
                self.note_stored(Some(stored));
                (driver.stored, driver.existing) = (Some(stored), Some(existing));
                Insertion::Known
            }
            Err(error) => {
                driver.failure = Some(error);
                Insertion::Failed
            }
        }
    }

    /// The store does not take it. A task whose end waits to be sent is none that was rejected.
    async fn refuse(&self, shared: &Shared, driver: &mut Driver) -> Option<Event> {
        self.note_stored(None);
        let ack = driver.ack.take();
        if shared.unsent.is_known(&self.begun().task_id) {
            if let Some(ack) = ack {
                ack.leave();
            }
            return None;
        }
        let error =
            driver.failure.take().unwrap_or_else(|| StoreError::Unavailable { reason: String::new() });
        shared.reject(TaskRecord::clone(&self.begun), not_stored(&error)).await;
        if let Some(ack) = ack {
            ack.refused();
        }
        Some(Event::Rejected)
    }

    async fn wait(self: &Arc<Self>, shared: &Shared, driver: &mut Driver) -> Event {
        self.tell_state().await;
        let Some(place) = driver.place.as_mut() else { return Event::Stopping };
        let turn = tokio::select! {
            biased;
            event = self.interrupted(shared) => return event,
            // Never busy: it was taken.
            turn = place.turn(self.ready.places.as_ref()) => turn.ok(),
        };
        driver.turn = turn;
        // Not kept while it waits: the task has them.
        match self.ready.arguments(self.begun()) {
            Ok(arguments) => {
                driver.arguments = arguments;
                Event::Turn
            }
            Err(error) => Event::Refused(error),
        }
    }

    /// What ends a task that has not begun.
    async fn interrupted(&self, shared: &Shared) -> Event {
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => {
                if self.is_canceled() { Event::Canceled } else { Event::Stopping }
            }
            () = shared.stopping.cancelled() => Event::Stopping,
            () = sleep_until(self.deadline_ms.map(deadline::at_ms)) => {
                Event::Late(*late("it was not begun before its deadline"))
            }
        }
    }

    /// Puts the record into the store; whether the store took it.
    async fn keep(&self, shared: &Shared, driver: &mut Driver) -> bool {
        let mut record = self.record.lock().await;
        if driver.machine.is_ending() && !std::mem::replace(&mut driver.fits, true) {
            shared.ended(Arc::make_mut(&mut record)).await;
        }
        match shared.keep(&record).await {
            Ok(()) => {
                // With all that was said of the task.
                self.unkept.store(false, Ordering::Release);
                true
            }
            Err(StoreError::Unreadable { reason }) if driver.machine.is_ending() => {
                // No store will ever take such a result.
                let task = &mut Arc::make_mut(&mut record).task;
                let text = format!("the result cannot be stored: {reason}; nest it less deeply");
                (task.result, task.status) = (None, TaskState::Failed);
                task.artifacts.clear();
                task.error = Some(TaskError::new("task_error", text));
                shared.keep(&record).await.is_ok()
            }
            // A rejected task that the store could not have taken.
            Err(StoreError::Unreadable { .. }) if record.task.status == TaskState::Rejected => true,
            Err(error) => {
                driver.failure = Some(error);
                false
            }
        }
    }

    /// The store failed, and is tried again after a while.
    async fn pause(&self, shared: &Shared, driver: &mut Driver, pause: Duration) -> Option<Event> {
        if let (Some(error), true) = (driver.failure.take(), driver.machine.has_just_failed()) {
            let (task, state) = (&self.begun().task_id, self.record.lock().await.task.status);
            tracing::error!(%task, state = state.as_str(), %error, "failed to store a task; it is tried again");
        }
        let waits = driver.machine.has_not_begun();
        if shared.abandon.is_cancelled() && driver.machine.has_given_up() {
            return None;
        }
        tokio::select! {
            biased;
            // The next start finds it as it was stored last.
            () = shared.closing.cancelled() => None,
            event = self.interrupted(shared), if waits => Some(event),
            () = tokio::time::sleep(pause) => Some(Event::Paused),
        }
    }

    /// Runs the handler.
    async fn work(self: &Arc<Self>, shared: &Shared, driver: &mut Driver) -> Event {
        self.tell_state().await;
        let limit = self.ready.skill.timeout.unwrap_or(shared.limits.task_timeout);
        let own = deadline::within(limit);
        let until = self.deadline_ms.map(deadline::at_ms);
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
        let outcome = run(job, std::mem::take(&mut driver.arguments), context, driver.turn.take()).await;
        let stopped = outcome.is_err() && self.cancellation.is_cancelled();
        // What the handler left running ends with it.
        self.cancellation.cancel();
        if stopped {
            return if self.is_canceled() { Event::Canceled } else { Event::CutOff };
        }
        Event::Ended(match outcome {
            Err(error) if error.kind == ErrorKind::Timeout => {
                let limit = deadline.saturating_duration_since(Instant::now().min(deadline));
                tracing::debug!(task = %self.begun().task_id, ?limit, "a task ran out of time");
                Err(late("it took longer than its skill's limit, or than whoever gave it allows"))
            }
            Err(error) => Err(Box::new(failure(error))),
            Ok(raw) => serde_json::from_str::<Value>(raw.get()).map_err(|error| {
                Box::new(TaskError::new("task_error", format!("the result is no JSON: {error}")))
            }),
        })
    }
}

/// Why a task was not kept: it cannot be, or nothing can be now.
fn not_stored(error: &StoreError) -> TaskError {
    match error {
        StoreError::Unreadable { reason } => TaskError::new(
            ErrorKind::InvalidArguments.as_str(),
            format!("the task cannot be stored: {reason}; nest it less deeply"),
        ),
        error => {
            tracing::error!(%error, "failed to store a task, which is rejected");
            unavailable("the agent cannot store tasks now; try again later", codes::STORE).into()
        }
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
