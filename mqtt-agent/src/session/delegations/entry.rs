//! [`Entry`]: the state of one delegated task, and how much of it is stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::delegation::Delegation;
use super::event::{Change, Effect, What};
use super::seeded::{Bug, seeded};
use crate::deadline;
use crate::shown::shown;
use crate::store::StoreError;
use crate::wire::{TaskMessage, TaskResult, TaskState};

/// How long after a failure the store is tried again at first, and at most.
const RETRY: Duration = Duration::from_millis(100);
const RETRY_MOST: Duration = Duration::from_secs(30);

/// After so many failures the broker need not keep the result's message any longer: it stays in memory here, and its agent
/// sends it again to a later process that asks.
const KEPT_BY_BROKER: u32 = 3;

/// After so long neither, however many tries that were: acknowledgements go out in the order of receipt, and those of all
/// that comes behind it wait for this one.
const KEPT_BY_BROKER_FOR: Duration = Duration::from_secs(10);

/// How long after a task's deadline, or after the connection is back, its agent may still say how it ended.
const LATE: Duration = Duration::from_secs(5);

/// The same where no connection lasts that long: how long there was one since the deadline, all in all.
const LATE_IN_PIECES: Duration = Duration::from_secs(10);

/// How long the store may fail before the waiter is told of that.
const SURFACED: Duration = Duration::from_secs(30);

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// The store is being given it, and nobody else has it.
    Inserting,
    /// The connection has a copy and sends it until the broker acknowledges it; there is no second one. `lost`: its
    /// agent came online meanwhile, so that it may have missed it.
    Link { lost: bool },
    /// The broker acknowledged it on a connection, in a session.
    Broker { session: u64, epoch: u64 },
    /// The broker knew nobody who receives it.
    Nowhere,
    /// It may be lost, and waits for its turn to be sent again.
    Due,
    /// An earlier process may have sent it, or not: its agent is asked, and nobody hears of the task's end before that
    /// time, once its agent is online.
    Unsure { until: Option<Instant> },
    /// It has ended, and the store is to take that.
    Ending,
    /// It has ended, and the store has that.
    Ended,
}

/// One task.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) delegation: Arc<Delegation>,
    pub(super) at: At,
    /// The broker has had it at some time.
    pub(super) sent: bool,
    /// The agent or replica that works on it, once it was heard of.
    pub(super) executor: Option<Arc<str>>,
    pub(super) canceled: bool,
    /// Whether a handle waits for its end.
    pub(super) wanted: bool,
    /// The number of the next update, at least.
    next_seq: u64,
    /// The last update's state, where it said nothing else.
    last_state: Option<TaskState>,
    /// What its agent asked last, and what was answered since, until the agent goes on.
    question: Option<TaskMessage>,
    answer: Option<TaskMessage>,
    /// The queue in whose window it counts, since it was sent again or asked for.
    pub(super) in_window_of: Option<Arc<str>>,
    /// When something was heard of it, or it was sent.
    pub(super) quiet_since: Instant,
    /// How long the connection had been up when its deadline came.
    late_at: Option<Duration>,
    /// How often its agent was asked where it is.
    pub(super) asks: u32,
    /// How often it was asked since something was heard of it.
    pub(super) unanswered: u32,
    /// How it ended, until that is told.
    end: Option<Box<TaskResult>>,
    /// The same in short, for good.
    state: TaskState,
    /// The last message with the end, which the broker keeps until that is stored.
    held: Option<u64>,
    /// When the end came.
    ended_at: Option<Instant>,
    settled: bool,
    keeping: Keeping,
}

/// What the store has yet to take.
#[derive(Debug, Default)]
struct Keeping {
    /// An update is under way.
    busy: bool,
    /// There is something that the last update did not hold.
    dirty: bool,
    failures: u32,
    failing_since: Option<Instant>,
    retry_at: Option<Instant>,
}

impl Entry {
    pub(super) fn new(delegation: Arc<Delegation>, at: At, now: Instant) -> Self {
        Self {
            executor: delegation.known_executor(),
            delegation,
            at,
            sent: false,
            canceled: false,
            wanted: true,
            next_seq: 0,
            last_state: None,
            question: None,
            answer: None,
            in_window_of: None,
            quiet_since: now,
            late_at: None,
            asks: 0,
            unanswered: 0,
            end: None,
            state: TaskState::Submitted,
            held: None,
            ended_at: None,
            settled: false,
            keeping: Keeping::default(),
        }
    }

    /// Whose inbox takes what is said about it.
    pub(super) fn target(&self) -> &str {
        self.executor.as_deref().unwrap_or(&self.delegation.task.to)
    }

    /// Whether it is a request that was dropped: nobody waits for its end, and it is kept only until its agent knows.
    pub(super) fn is_given_up(&self) -> bool {
        self.canceled && !self.delegation.stored && !self.delegation.is_elsewhere()
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.at, At::Ending | At::Ended)
    }

    /// It is sent once more: an agent that has forgotten it counts its updates anew.
    pub(super) fn sent_again(&mut self) {
        self.next_seq = 0;
    }

    /// Takes an update; whether it is a new one for the handle.
    pub(super) fn update(&mut self, update: &TaskResult) -> bool {
        // Redelivered ones, and those that were overtaken. Kept one higher, so that the first may be 0.
        if let Some(seq) = update.seq {
            if seq < self.next_seq {
                return false;
            }
            self.next_seq = seq.saturating_add(1);
        }
        let says_more = update.message.is_some() || !update.artifacts.is_empty();
        let again = !says_more && self.last_state == Some(update.status);
        self.last_state = (!says_more).then_some(update.status);
        // Its agent was asked where it is, and it is where it was.
        !(again && self.asks > 0)
    }

    /// Whether its agent has had enough time to be heard after its deadline: of one connection, or of many short ones.
    /// `uptime`: for how long there was a connection, all in all.
    pub(super) fn is_late(&mut self, now: Instant, up_since: Option<Instant>, uptime: Duration) -> bool {
        let Some(deadline) = self.delegation.deadline.filter(|deadline| *deadline < now) else {
            return false;
        };
        let late_at = *self.late_at.get_or_insert(uptime);
        up_since.is_some_and(|since| deadline::after(deadline.max(since), LATE) < now)
            || uptime.saturating_sub(late_at) >= LATE_IN_PIECES
    }

    /// Its question was answered. Kept until its agent goes on: what is lost on the way is asked for again.
    pub(super) fn answered(&mut self, message: TaskMessage) {
        if !seeded(Bug::AnswerForgotten) {
            self.answer = Some(message);
        }
    }

    /// The answer that its agent did not receive: it asks the same again.
    pub(super) fn missed_answer(&mut self, update: &TaskResult) -> Option<TaskMessage> {
        if update.status == TaskState::InputRequired {
            // Without a time one question cannot be told from the next one.
            let same = update.message.as_ref().is_some_and(|delegation| !delegation.timestamp.is_empty())
                && update.message == self.question;
            if same {
                return self.answer.clone();
            }
            self.question.clone_from(&update.message);
        }
        self.answer = None;
        None
    }

    /// Whether it is the last question once more, of a peer that numbers nothing. The broker says that it sent it before:
    /// otherwise it might be another one of the same words.
    pub(super) fn is_question_again(&self, update: &TaskResult) -> bool {
        update.seq.is_none()
            && update.status == TaskState::InputRequired
            && update.message.is_some()
            && update.message == self.question
    }

    /// It ends so.
    pub(super) fn end(&mut self, result: TaskResult, now: Instant, effects: &mut Vec<Effect>) {
        self.state = result.status;
        self.end = Some(Box::new(result));
        self.at = At::Ending;
        self.ended_at = Some(now);
        // What the store did not take before goes with the end, which has its own tries.
        let Keeping { busy, .. } = self.keeping;
        self.keeping = Keeping { busy, ..Keeping::default() };
        self.keep(now, effects);
    }

    /// A message brought its end, which the broker keeps until that is stored; or not, where the store has it, or fails for
    /// too long. One message is enough: the last one, for those of an earlier connection come again.
    pub(super) fn hold(&mut self, message: u64, now: Instant, effects: &mut Vec<Effect>) {
        self.let_go(effects);
        if self.at == At::Ending && self.is_held(now) {
            self.held = Some(message);
        } else {
            effects.push(Effect::Acknowledge(message));
        }
    }

    /// Whether the broker is to keep the message with the end.
    fn is_held(&self, now: Instant) -> bool {
        let recent = |since: Instant| now.saturating_duration_since(since) < KEPT_BY_BROKER_FOR;
        self.keeping.failures < KEPT_BY_BROKER && self.ended_at.is_some_and(recent)
    }

    fn let_go(&mut self, effects: &mut Vec<Effect>) {
        effects.extend(self.held.take().map(Effect::Acknowledge));
    }

    /// Nothing is left to do once the store has taken that.
    pub(super) fn settle(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.settled = true;
        self.keep(now, effects);
    }

    /// The store has to learn of a change. One update at a time: what changes meanwhile goes with the next one.
    pub(super) fn keep(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.keeping.dirty = true;
        let waits = self.keeping.retry_at.is_some_and(|at| at > now);
        if self.keeping.busy || waits {
            return;
        }
        self.keeping =
            Keeping { busy: true, dirty: false, retry_at: None, ..std::mem::take(&mut self.keeping) };
        let what = self.what();
        let (delegation, change) = (Arc::clone(&self.delegation), Box::new(self.change()));
        effects.push(Effect::Store { delegation, change, what });
    }

    /// The store is tried again when it is time.
    pub(super) fn retry(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.keeping.dirty && !self.keeping.busy {
            self.keep(now, effects);
        }
        if self.held.is_some() && !self.is_held(now) {
            self.let_go(effects);
        }
        let long = |since: Instant| now.saturating_duration_since(since) >= SURFACED;
        if self.at == At::Ending && self.keeping.failing_since.is_some_and(long) {
            // Told once.
            self.keeping.failing_since = None;
            let reason = "it has failed for half a minute to take a task's end".to_owned();
            effects.push(Effect::Failing(Arc::clone(&self.delegation), StoreError::Unavailable { reason }));
        }
    }

    /// Whether the store has all of it, or is not trying.
    pub(super) fn is_kept(&self) -> bool {
        !self.keeping.busy && !self.keeping.dirty
    }

    /// What an update of the store would be about.
    fn what(&self) -> What {
        match &self.end {
            _ if self.settled => What::Settled,
            Some(_) => What::End,
            None => What::Note,
        }
    }

    fn change(&self) -> Change {
        Change {
            sent: self.sent,
            lost: self.sent && matches!(self.at, At::Due | At::Link { .. } | At::Nowhere),
            canceled: self.canceled,
            executor: self.executor.as_deref().map(str::to_owned),
            settled: self.settled,
            state: self.state,
            end: self.end.as_deref().cloned(),
        }
    }

    /// The store took an update, or failed. Whether the entry is no longer needed.
    pub(super) fn stored(
        &mut self,
        what: What,
        outcome: Result<(), StoreError>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) -> bool {
        self.keeping.busy = false;
        effects.push(Effect::Noted(Arc::clone(&self.delegation)));
        match outcome {
            Ok(()) => self.taken(what, now, effects),
            Err(error) => {
                self.failed(what, &error, now, effects);
                false
            }
        }
    }

    fn taken(&mut self, what: What, now: Instant, effects: &mut Vec<Effect>) -> bool {
        self.keeping = Keeping { dirty: self.keeping.dirty, ..Keeping::default() };
        match what {
            What::Note => {}
            What::End => {
                self.at = At::Ended;
                self.tell_end(effects);
                if !self.wanted && !self.settled {
                    // `Results` takes it from the store.
                    return true;
                }
            }
            What::Settled => {
                if self.at == At::Ending {
                    self.at = At::Ended;
                    self.tell_end(effects);
                }
                effects.push(Effect::Settled(Arc::clone(&self.delegation)));
                return true;
            }
        }
        if self.keeping.dirty {
            self.keep(now, effects);
        }
        false
    }

    fn tell_end(&mut self, effects: &mut Vec<Effect>) {
        self.let_go(effects);
        if let Some(end) = self.end.take().filter(|_| self.wanted) {
            effects.push(Effect::End(Arc::clone(&self.delegation), *end));
        } else if !self.settled {
            effects.push(Effect::Release(self.delegation.task.task_id.clone()));
        }
    }

    fn failed(&mut self, what: What, error: &StoreError, now: Instant, effects: &mut Vec<Effect>) {
        let ending = self.at == At::Ending;
        let keeping = &mut self.keeping;
        keeping.dirty = true;
        if ending && what == What::Note {
            // The end came meanwhile, and was not tried yet.
            return self.keep(now, effects);
        }
        keeping.failures = keeping.failures.saturating_add(1);
        let wait = RETRY.saturating_mul(1 << (keeping.failures - 1).min(16)).min(RETRY_MOST);
        keeping.retry_at = now.checked_add(wait);
        if keeping.failures == 1 {
            keeping.failing_since = Some(now);
            let task = &self.delegation.task.task_id;
            crate::log::error!(task = %shown(task), %error, ?what, "failed to store what became of a task; it is tried again");
        }
        if keeping.failures >= KEPT_BY_BROKER {
            self.let_go(effects);
        }
        if what == What::Settled {
            effects.push(Effect::Settled(Arc::clone(&self.delegation)));
        }
    }
}
