//! Running a task: from its turn to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use super::inbox::cannot_store;
use super::machine::{Event, Insertion, Machine, Promise, Step};
use super::report::{Patience, fail, trace};
use super::{Execution, Executor};
use crate::a2a::task::Task;
use crate::deadline;
use crate::handler::context::{Caller, Context, Invocation};
use crate::handler::layer::{Kind, Request};
use crate::handler::registry::OnCrash;
use crate::handler::run::{Job, run};
use crate::json;
use crate::link::Ack;
use crate::log_rate::limited;
use crate::measure;
use crate::serve::{Admitted, Turn};
use crate::shown::shown;
use crate::spans;
use crate::store::{Inserted, StoreError, Stored, TaskRecord, TaskSide, insert};
use crate::wire::{CallPath, ErrorBody, ErrorKind, TaskError};

/// What one step leaves for the next one.
struct Driver {
    machine: Machine,
    ack: Option<Ack>,
    stored: Option<Stored>,
    /// As it was given to the store at first.
    inserted: Option<Arc<TaskRecord>>,
    existing: Option<Box<TaskRecord>>,
    failure: Option<StoreError>,
    place: Option<Admitted>,
    /// Has the place's stead among those that were rejected.
    withdrawn: Option<OwnedSemaphorePermit>,
    turn: Option<Turn>,
    arguments: Map<String, Value>,
    /// Whether the end was held to the size that its owner takes.
    fits: bool,
    /// When this process took it.
    taken: Instant,
}

impl Driver {
    /// Acknowledges the task's message: the store has the task.
    fn acknowledge(&mut self) {
        if let (Some(ack), Some(stored)) = (self.ack.take(), &self.stored) {
            ack.stored(stored);
        }
    }
}

/// A task that is in hand, until this is dropped: a panic leaves none behind, and nobody who waits for it.
struct InHand<'t> {
    executor: &'t Arc<Executor>,
    work: &'t Arc<Execution>,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.executor.forget(self.work);
        self.work.note_gone();
    }
}

impl Execution {
    /// Does one step after the other, until nothing is left to do.
    pub(super) async fn run(self: Arc<Self>, place: Admitted, first: Event, ack: Option<Ack>) {
        let Some(executor) = self.executor.upgrade() else { return };
        let link = executor.link.clone();
        link.watched(self.steps(executor, place, first, ack)).await;
    }

    async fn steps(
        self: Arc<Self>,
        executor: Arc<Executor>,
        place: Admitted,
        first: Event,
        ack: Option<Ack>,
    ) {
        let _over = self.over.clone().drop_guard();
        let _in_hand = InHand { executor: &executor, work: &self };
        let skill = self.ready.skill;
        let promise = Promise {
            durable: executor.store.is_durable(),
            again: skill.on_crash == OnCrash::Retry,
            attempts: skill.attempts,
        };
        let mut driver = Driver {
            machine: Machine::new(promise),
            ack,
            stored: None,
            inserted: None,
            existing: None,
            failure: None,
            place: Some(place),
            withdrawn: None,
            turn: None,
            arguments: Map::new(),
            fits: false,
            taken: Instant::now(),
        };
        let mut event = match first {
            Event::Came => self.came(&executor, &mut driver),
            first => first,
        };
        loop {
            let step = {
                let mut record = self.record.lock().await;
                let changes = event.changes_record();
                driver.machine.on(event, if changes { record.change() } else { record.unchanged() })
            };
            if !driver.machine.needs_turn() {
                driver.turn = None;
            }
            match self.step(&executor, &mut driver, step).await {
                Some(next) => event = next,
                None => return,
            }
        }
    }

    async fn step(
        self: &Arc<Self>,
        executor: &Arc<Executor>,
        driver: &mut Driver,
        step: Step,
    ) -> Option<Event> {
        match step {
            Step::Insert => Some(self.insert(executor, driver).await),
            Step::Accept => {
                driver.acknowledge();
                Some(self.wait(executor, driver).await)
            }
            Step::AcceptInTurn => {
                driver.acknowledge();
                self.tell_accepted().await;
                let interrupted = self.interrupted(executor).now_or_never();
                Some(interrupted.unwrap_or(Event::Stored(true)))
            }
            Step::Wait => Some(self.wait(executor, driver).await),
            Step::Known => {
                self.known(executor, driver).await;
                None
            }
            Step::Refuse => self.refuse(executor, driver).await,
            Step::Store => {
                let stored = self.put(executor, driver).await;
                // Whatever came while the store was busy comes before its handler.
                let waits = driver.machine.has_not_begun();
                let interrupted = waits.then(|| self.interrupted(executor).now_or_never()).flatten();
                Some(interrupted.unwrap_or(Event::Stored(stored)))
            }
            Step::Withdraw => self.withdraw(executor, driver).await.map(Event::Stored),
            Step::Pause(pause) => self.pause(executor, driver, pause).await,
            Step::Run => Some(self.work(executor, driver).await),
            Step::Send | Step::Settled | Step::Unsent => {
                // It has ended, and its place is free.
                driver.place = None;
                let record = self.record.lock().await.snapshot();
                executor.deliver(&mut driver.machine, step, record, Patience::Store).await;
                None
            }
            Step::Left => None,
        }
    }

    /// Takes a turn for a task that came, if there is one now and nothing ends the task before it begins.
    fn came(&self, executor: &Executor, driver: &mut Driver) -> Event {
        if self.interrupted(executor).now_or_never().is_some() {
            return Event::Came;
        }
        let place = driver.place.as_ref();
        let turn = place.and_then(|place| place.turn_unsettled(self.ready.places.as_ref()).now_or_never());
        let (Some(Ok(turn)), Ok(arguments)) = (turn, self.ready.arguments(self.begun())) else {
            return Event::Came;
        };
        (driver.turn, driver.arguments) = (Some(turn), arguments);
        Event::CameInTurn
    }

    async fn insert(&self, executor: &Executor, driver: &mut Driver) -> Event {
        let (record, change) = {
            let record = self.record.lock().await;
            (record.snapshot(), record.changes())
        };
        driver.inserted = Some(Arc::clone(&record));
        match insert(&*executor.store, TaskSide::Executor, TaskRecord::clone(&record)).await {
            Ok(Inserted::New(stored)) => {
                self.note_kept(change, stored);
                driver.inserted = None;
                if let (Some(_), Some(place)) = (&driver.turn, driver.place.as_mut()) {
                    place.is_settled();
                }
                driver.stored = Some(stored);
                Event::Inserted(Insertion::New)
            }
            Ok(Inserted::Known(existing, _)) => {
                driver.existing = Some(existing);
                Event::Inserted(Insertion::Known)
            }
            Err(error) => Event::NotInserted(not_stored(&error)),
        }
    }

    /// It was taken before. What is stored is another's: nothing that was said to this one must reach it.
    async fn known(self: &Arc<Self>, executor: &Arc<Executor>, driver: &mut Driver) {
        executor.forget(self);
        driver.place = None;
        if let Some(existing) = driver.existing.take()
            && let Some(ack) = driver.ack.take()
        {
            executor.again(*existing, &self.begun, ack).await;
        }
    }

    /// The store does not take it. A task whose end waits to be sent is none that was rejected.
    async fn refuse(&self, executor: &Executor, driver: &mut Driver) -> Option<Event> {
        let ack = driver.ack.take()?;
        if executor.unsent.is_known(&self.begun().task_id) {
            self.note_refused();
            ack.in_memory();
            return None;
        }
        let error = self.record.lock().await.task.error.clone();
        executor.reject(TaskRecord::clone(&self.begun), error).await;
        self.note_refused();
        ack.refused();
        Some(Event::Rejected)
    }

    /// Ends a task in the store that was rejected because the store failed; whether that is known to be so. It is only
    /// touched when it is just as it came: it may be another one. `None` where too many wait for that already.
    async fn withdraw(&self, executor: &Executor, driver: &mut Driver) -> Option<bool> {
        let withdrawn = async {
            let kept = executor.store.get(TaskSide::Executor, self.begun().task_id.as_str()).await?;
            if kept.is_some_and(|kept| driver.inserted.as_deref() == Some(&kept)) {
                let record = self.record.lock().await.snapshot();
                executor.keep(&record).await?;
            }
            Ok(())
        };
        let error = match withdrawn.await {
            Ok(()) => return Some(true),
            // One of its id is there that nobody can read; no try makes that another.
            Err(StoreError::Unreadable { .. }) => return Some(true),
            Err(error) => error,
        };
        if driver.withdrawn.is_none() {
            driver.withdrawn = executor.withdrawn.take(json::memory(&*self.begun));
            // It is not in hand any more: its place is a new task's, which hears of the store and not of others.
            driver.place = None;
        }
        if driver.withdrawn.is_none() {
            let task = &self.begun().task_id;
            limited!(error, "gave up a rejected task: if the store has it after all, a later start runs it", task = %shown(task), %error);
            return None;
        }
        driver.failure = Some(error);
        Some(false)
    }

    async fn wait(self: &Arc<Self>, executor: &Executor, driver: &mut Driver) -> Event {
        self.tell_state().await;
        let Some(place) = driver.place.as_mut() else { return Event::Stopping };
        let turn = tokio::select! {
            biased;
            event = self.interrupted(executor) => return event,
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
    async fn interrupted(&self, executor: &Executor) -> Event {
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => {
                if self.is_canceled() { Event::Canceled } else { Event::Stopping }
            }
            () = executor.stopping.cancelled() => Event::Stopping,
            () = sleep_until(self.deadline_ms.map(deadline::at_ms)) => {
                Event::Late(*late("it was not begun before its deadline"))
            }
        }
    }

    /// Puts the record into the store; whether the store took it.
    async fn put(&self, executor: &Executor, driver: &mut Driver) -> bool {
        if driver.machine.is_ending() && !std::mem::replace(&mut driver.fits, true) {
            let ended = self.record.lock().await.snapshot();
            // Without the lock: it may ask for a card.
            if let Some(error) = executor.oversize(&ended).await {
                fail(Arc::make_mut(self.record.lock().await.change()), error);
            }
        }
        let mut record = self.record.lock().await;
        match self.keep(executor, &record).await {
            Ok(()) => true,
            Err(StoreError::Unstorable { reason }) if driver.machine.is_ending() => {
                // No store will ever take such a result.
                let text = format!("the result cannot be stored: {reason}; nest it less deeply");
                fail(Arc::make_mut(record.change()), TaskError::new("task_error", text));
                self.keep(executor, &record).await.is_ok()
            }
            Err(error) => {
                driver.failure = Some(error);
                false
            }
        }
    }

    /// The store failed, and is tried again after a while.
    async fn pause(&self, executor: &Executor, driver: &mut Driver, pause: Duration) -> Option<Event> {
        if let (Some(error), true) = (driver.failure.take(), driver.machine.has_just_failed()) {
            let (task, state) = (&self.begun().task_id, self.record.lock().await.task.status);
            crate::log::error!(task = %shown(task), state = state.as_str(), %error, "failed to store a task; it is tried again");
        }
        let waits = driver.machine.has_not_begun();
        if executor.abandon.is_cancelled() && driver.machine.has_given_up() {
            return None;
        }
        tokio::select! {
            biased;
            // The next start finds it as it was stored last.
            () = executor.closing.cancelled() => None,
            event = self.interrupted(executor), if waits => Some(event),
            () = tokio::time::sleep(pause) => Some(Event::Paused),
        }
    }

    /// Runs the handler.
    async fn work(self: &Arc<Self>, executor: &Executor, driver: &mut Driver) -> Event {
        self.tell_state().await;
        // It came meanwhile, and the handler need not begin.
        if self.is_canceled() {
            return Event::Canceled;
        }
        let limit = self.ready.skill.timeout.unwrap_or(executor.limits.task_timeout);
        let own = deadline::within(limit);
        let until = self.deadline_ms.map(deadline::at_ms);
        let deadline = until.map_or(own, |until| until.min(own));
        let skill = self.ready.skill;
        let given = trace(&self.begun);
        let agent = executor.handle.session().id().as_str();
        let span = spans::work(agent, skill.id, self.begun().task_id.as_str(), given.as_ref());
        let context = Context::with(
            Invocation {
                caller: Caller::new(&self.begun().from),
                call_id: self.begun().task_id.clone(),
                handler: skill.id,
                deadline,
                cancellation: self.cancellation.clone(),
                trace: span.in_scope(|| spans::own(given.as_ref())),
                path: CallPath::default(),
                holds: None,
                receiver_limit: None,
                states: Arc::clone(&executor.states),
                session: executor.handle.clone(),
            },
            Task::new(Arc::clone(self)),
        );
        let began = Instant::now();
        let own_limit = until.is_none_or(|until| own < until).then_some(limit);
        let (name, handler, location) = (skill.id, skill.handler.into(), skill.location);
        let job = Job { name, handler, location };
        let (arguments, turn) = (std::mem::take(&mut driver.arguments), driver.turn.take());
        let outcome = match self.ready.layers.is_empty() {
            true => {
                let running = run(&job, own_limit, arguments, &context, turn);
                running.instrument(span.clone()).await
            }
            false => {
                let request = Request::new(Kind::Skill, context, arguments, &*self.begun().from);
                let handle = |request: Request| async {
                    let (arguments, context) = request.into_call();
                    run(&job, own_limit, arguments, &context, turn).await
                };
                let handled = self.ready.layers.around(request, deadline, handle);
                Box::pin(handled.instrument(span.clone())).await
            }
        };
        let error = outcome.as_ref().err();
        measure::worked(skill.id, error.map(|error| error.kind.as_str()), began.elapsed());
        spans::ended(&span, error.map(|error| error.kind.as_str()));
        drop(span);
        crate::log::debug!(
            skill = skill.id,
            from = %shown(&self.begun().from),
            task = %shown(&self.begun().task_id),
            outcome = error.map_or("ok", |error| error.kind.as_str()),
            code = error.and_then(|error| error.code.as_deref()),
            queued = ?began.saturating_duration_since(driver.taken),
            ran = ?began.elapsed(),
            "worked on a task"
        );
        let stopped = outcome.is_err() && self.cancellation.is_cancelled();
        // What the handler left running ends with it.
        self.cancellation.cancel();
        if stopped {
            return if self.is_canceled() { Event::Canceled } else { Event::CutOff };
        }
        Event::Ended(match outcome {
            Err(error) => {
                if error.kind == ErrorKind::Timeout {
                    let limit = deadline.saturating_duration_since(Instant::now().min(deadline));
                    crate::log::debug!(task = %shown(&self.begun().task_id), ?limit, "a task ran out of time");
                }
                Err(Box::new(failure(error)))
            }
            Ok(answered) => serde_json::from_str::<Value>(answered.value.get()).map_err(|error| {
                Box::new(TaskError::new("task_error", format!("the result is no JSON: {error}")))
            }),
        })
    }
}

/// Why a task was not kept: it cannot be, or nothing can be now.
fn not_stored(error: &StoreError) -> TaskError {
    match error {
        StoreError::Unstorable { reason } => TaskError::new(
            ErrorKind::InvalidArguments.as_str(),
            format!("the task cannot be stored: {reason}; nest it less deeply"),
        ),
        error => {
            crate::log::error!(%error, "failed to store a task, which is rejected");
            cannot_store()
        }
    }
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
