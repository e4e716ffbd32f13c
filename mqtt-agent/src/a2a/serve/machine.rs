//! [`Machine`]: the state of one task at its agent, as a state machine. Each [`Event`] returns the one [`Step`] to do
//! next. No I/O and no clock; [`attempt`](super::attempt) does the steps.
//!
//! What happens if the store fails:
//!
//! | the store failed to save | what happens |
//! |---|---|
//! | a new task | the task is rejected with the code `store`, and its message is acknowledged when the broker has the rejection. In case the store has the new task after all, the rejection is stored too: tried again like the end, for 256 tasks at the most |
//! | the start of an attempt after a wait | the handler does not run. Tried again after 100 ms, doubling up to 5 s, until the task's deadline, its cancellation or the agent's stop |
//! | a question, an artifact | the handler gets the error |
//! | an answer, a cancel | it takes effect at once, and is tried again like the start; its message is acknowledged when the store has it, and after 10 s in any case: it is lost if the process ends before the store works again |
//! | the end | tried again; the result is sent only when it is stored |
//! | that the result was sent | tried again; if the process ends before, the next process sends the result once more |
//! | the return of a task at a stop | tried again as long as the stop waits; after that it counts as a crash |

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::seeded::{Bug, seeded};
use crate::store::TaskRecord;
use crate::wire::{self, ErrorKind, TaskError, TaskState, codes, now_rfc3339};

/// How long after a failure the store is tried again at first, and at most.
const RETRY: Duration = Duration::from_millis(100);
const RETRY_MOST: Duration = Duration::from_secs(5);

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// It came, and the store does not have it yet.
    New,
    /// It waits for its turn.
    Waiting,
    /// It has its turn, and the store is to know that an attempt begins.
    Beginning,
    Running,
    /// The next start goes on with it, and the store is to know that.
    Returning,
    /// It has ended, and the store is to know that.
    Ending,
    /// Its end is stored, and is to be sent.
    Sending,
    /// Its end was sent, and the store is to know that.
    Settling,
    /// It was rejected, for the store failed to insert it. Should it be there all the same, it is to end there.
    Withdrawing,
    Over,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    /// It came in a message.
    Came,
    /// It came in a message, and it is its turn: it is inserted as it begins, so that it is stored once and not twice.
    CameInTurn,
    /// It was inserted into the store.
    Inserted(Insertion),
    /// The store failed to take it, and that is what is said.
    NotInserted(TaskError),
    /// The delegator knows that it is not taken.
    Rejected,
    /// An earlier process left it in the store.
    Recovered,
    Turn,
    /// Its arguments don't fit, or its skill is gone.
    Refused(TaskError),
    /// The store took the record, or failed.
    Stored(bool),
    /// The pause is over.
    Paused,
    /// The delegator does not want it any more.
    Canceled,
    /// Its deadline has passed before it began.
    Late(TaskError),
    /// The agent stops, and it has not begun.
    Stopping,
    /// Its handler has ended.
    Ended(Result<Value, Box<TaskError>>),
    /// Its handler was cut off by the agent's stop.
    CutOff,
    /// What became of sending its end.
    Sent(Sent),
}

impl Event {
    /// Whether the record may be another one after it.
    pub(super) fn changes_record(&self) -> bool {
        !matches!(self, Self::Came | Self::Inserted(_) | Self::Rejected | Self::Stored(_) | Self::Paused)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Insertion {
    New,
    Known,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// The broker has it for somebody, or can never have it.
    Done,
    /// Nobody was there to receive it, or it could not be sent now.
    Later,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Insert the record into the store.
    Insert,
    /// Acknowledge the task's message, and wait for a turn.
    Accept,
    /// Acknowledge the message of a task that was inserted as it begins.
    AcceptInTurn,
    /// The same for a task whose message is acknowledged already.
    Wait,
    /// Answer what is known of it, and acknowledge the message.
    Known,
    /// Say that it is not taken, and acknowledge the message then.
    Refuse,
    /// Put the record into the store.
    Store,
    /// Put the record into the store if the task is there just as it came.
    Withdraw,
    /// Wait, for as long as nothing else happens.
    Pause(Duration),
    Run,
    /// Send the end.
    Send,
    /// Nothing is left to do.
    Settled,
    /// Its end is stored and waits for its owner.
    Unsent,
    /// It waits in the store for the agent's next start.
    Left,
}

/// What the agent promises of a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promise {
    /// Whether the store outlives the process.
    pub(super) durable: bool,
    /// Whether a further attempt may begin after one was cut off.
    pub(super) again: bool,
    /// How many attempts there may be.
    pub(super) attempts: u32,
}

/// One task.
#[derive(Debug)]
pub(super) struct Machine {
    at: At,
    promise: Promise,
    failures: u32,
}

impl Machine {
    pub(super) fn new(promise: Promise) -> Self {
        Self { at: At::New, promise, failures: 0 }
    }

    /// Of a task whose record holds its end already, which the store does not have.
    pub(super) fn ended(&mut self) -> Step {
        self.to(At::Ending, Step::Store)
    }

    /// Whether the store has failed too often for an agent that is about to end.
    pub(super) fn has_given_up(&self) -> bool {
        self.failures >= 3
    }

    /// Whether the store has failed at this step before.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Whether the record holds its end, which the store does not have yet.
    pub(super) fn is_ending(&self) -> bool {
        self.at == At::Ending
    }

    /// Whether it can still be cut off without a handler that ends: by its cancellation, its deadline or the agent's stop.
    pub(super) fn has_not_begun(&self) -> bool {
        matches!(self.at, At::Waiting | At::Beginning)
    }

    /// Whether it needs its turn, or will.
    pub(super) fn needs_turn(&self) -> bool {
        matches!(self.at, At::New | At::Waiting | At::Beginning | At::Running)
    }

    /// Whether the store fails for the first time at this step.
    pub(super) fn has_just_failed(&self) -> bool {
        self.failures == 1
    }

    /// Takes an event. One that has no meaning where the task is changes nothing.
    pub(super) fn on(&mut self, event: Event, record: &mut Arc<TaskRecord>) -> Step {
        match (self.at, event) {
            (At::New, Event::Came) if seeded(Bug::EarlyAcknowledgement) => self.to(At::Waiting, Step::Accept),
            (At::New, Event::Came) => Step::Insert,
            (At::New, Event::CameInTurn) => {
                begin(record);
                Step::Insert
            }
            (At::New, Event::Inserted(Insertion::New)) if record.attempts > 0 => {
                self.to(At::Beginning, Step::AcceptInTurn)
            }
            (At::New, Event::Inserted(Insertion::New)) => self.to(At::Waiting, Step::Accept),
            (At::New, Event::Inserted(Insertion::Known)) => self.to(At::Over, Step::Known),
            (At::New, Event::NotInserted(error)) => {
                // The store may have it all the same, and no later start is to run what was rejected.
                let record = Arc::make_mut(record);
                (record.task.status, record.settled) = (TaskState::Rejected, true);
                record.task.error = Some(error);
                self.to(At::Withdrawing, Step::Refuse)
            }
            (At::Withdrawing, Event::Rejected | Event::Paused) => Step::Withdraw,
            (At::New, Event::Recovered) => self.recovered(record),
            (At::Waiting, Event::Turn) => {
                begin(record);
                self.to(At::Beginning, Step::Store)
            }
            (At::Waiting, Event::Refused(error)) => self.refused(record, error),
            (At::Waiting | At::Beginning | At::Running, Event::Canceled) => {
                self.end(record, |task| task.status = TaskState::Canceled)
            }
            (At::Waiting | At::Beginning, Event::Late(error)) => self.failed(record, error),
            (At::Waiting, Event::Stopping) => self.cut(record, false),
            (At::Beginning, Event::Stopping) => {
                // It has not begun, whatever the store took.
                let record_of = Arc::make_mut(record);
                record_of.attempts = record_of.attempts.saturating_sub(1);
                self.cut(record, false)
            }
            (At::Running, Event::CutOff) => self.cut(record, true),
            (At::Running, Event::Ended(Ok(value))) => self.end(record, |task| {
                task.status = TaskState::Completed;
                task.result = Some(value);
            }),
            (At::Running, Event::Ended(Err(error))) => self.refused(record, *error),
            (
                At::Beginning | At::Returning | At::Ending | At::Settling | At::Withdrawing,
                Event::Stored(stored),
            ) => self.stored(stored, record),
            (At::Beginning | At::Returning | At::Ending | At::Settling, Event::Paused) => Step::Store,
            // It was sent before, and asked for again.
            (At::Sending, Event::Sent(_)) if record.settled => self.to(At::Over, Step::Settled),
            (At::Sending, Event::Sent(Sent::Done)) => {
                Arc::make_mut(record).settled = true;
                self.to(At::Settling, Step::Store)
            }
            (At::Sending, Event::Sent(Sent::Later)) if seeded(Bug::ForgottenResult) => {
                Arc::make_mut(record).settled = true;
                self.to(At::Settling, Step::Store)
            }
            (At::Sending, Event::Sent(Sent::Later)) => self.to(At::Over, Step::Unsent),
            // It has gone on meanwhile.
            (At::Running, _) => Step::Run,
            (At::Waiting, _) => Step::Wait,
            (At::Sending, _) => Step::Send,
            (At::Over, _) => Step::Settled,
            _ => Step::Pause(RETRY),
        }
    }

    fn to(&mut self, at: At, step: Step) -> Step {
        self.at = at;
        self.failures = 0;
        step
    }

    fn recovered(&mut self, record: &mut Arc<TaskRecord>) -> Step {
        if record.task.status.is_terminal() {
            return self.to(At::Sending, Step::Send);
        }
        if record.canceled && !seeded(Bug::ForgottenCancel) {
            return self.end(record, |task| task.status = TaskState::Canceled);
        }
        let given_up = !self.promise.again || record.attempts >= self.promise.attempts.max(1);
        if record.attempts > 0 && given_up && !seeded(Bug::BeginsTwice) {
            let message = format!(
                "the agent's process ended in attempt {} at the task; give it again if it may run twice",
                record.attempts
            );
            return self.failed(record, TaskError::new("task_error", message).with_code(codes::CRASHED));
        }
        Arc::make_mut(record).task.status = TaskState::Submitted;
        self.to(At::Waiting, Step::Wait)
    }

    fn stored(&mut self, stored: bool, record: &mut Arc<TaskRecord>) -> Step {
        let believed = stored
            || (seeded(Bug::BeginsUnstored) && self.at == At::Beginning)
            || (seeded(Bug::EndBelieved) && self.at == At::Ending);
        if !believed {
            self.failures = self.failures.saturating_add(1);
            return Step::Pause(RETRY.saturating_mul(1 << (self.failures - 1).min(16)).min(RETRY_MOST));
        }
        match self.at {
            At::Beginning => self.to(At::Running, Step::Run),
            At::Returning => self.to(At::Over, Step::Left),
            At::Ending if seeded(Bug::EarlySettled) => {
                Arc::make_mut(record).settled = true;
                self.to(At::Settling, Step::Store)
            }
            At::Ending => self.to(At::Sending, Step::Send),
            _ => self.to(At::Over, Step::Settled),
        }
    }

    /// The agent stops: a task in a durable store waits there for the next start, unless it has begun and must not begin
    /// again.
    fn cut(&mut self, record: &mut Arc<TaskRecord>, begun: bool) -> Step {
        if self.promise.durable && (!begun || self.promise.again) {
            let record = Arc::make_mut(record);
            if begun {
                // Handed back, not crashed: this attempt does not count.
                record.attempts = record.attempts.saturating_sub(1);
            }
            record.task.status = TaskState::Submitted;
            record.task.updated_at = now_rfc3339();
            return self.to(At::Returning, Step::Store);
        }
        let error = TaskError::new("unavailable", "the agent stopped before the task ended; give it again");
        self.failed(record, error.with_code(codes::STOPPING))
    }

    fn refused(&mut self, record: &mut Arc<TaskRecord>, error: TaskError) -> Step {
        let refused = error.kind == ErrorKind::InvalidArguments.as_str();
        self.end(record, |task| {
            task.status = if refused { TaskState::Rejected } else { TaskState::Failed };
            task.error = Some(error);
        })
    }

    fn failed(&mut self, record: &mut Arc<TaskRecord>, error: TaskError) -> Step {
        self.end(record, |task| {
            task.status = TaskState::Failed;
            task.error = Some(error);
        })
    }

    /// It ends: stored first, and sent then.
    fn end(&mut self, record: &mut Arc<TaskRecord>, how: impl FnOnce(&mut wire::Task)) -> Step {
        let task = &mut Arc::make_mut(record).task;
        how(task);
        task.updated_at = now_rfc3339();
        if seeded(Bug::SentUnstored) {
            return self.to(At::Sending, Step::Send);
        }
        self.to(At::Ending, Step::Store)
    }
}

/// An attempt begins.
fn begin(record: &mut Arc<TaskRecord>) {
    let record = Arc::make_mut(record);
    if !seeded(Bug::UncountedAttempt) {
        record.attempts = record.attempts.saturating_add(1);
    }
    record.task.status = TaskState::Working;
    record.task.updated_at = now_rfc3339();
}

#[cfg(test)]
mod schedules;
