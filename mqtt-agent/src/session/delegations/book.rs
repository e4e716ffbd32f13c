//! [`Book`]: all delegated tasks of a connection as one state machine. [`Event`]s come in, [`Effect`]s go out; no I/O
//! and no clock.
//!
//! The states:
//!
//! | the task is | the state ends with | it waits for |
//! |---|---|---|
//! | being inserted | the delegator: it is sent, or withdrawn | the store. Messages about it are ignored |
//! | with the connection | the broker's acknowledgement | nothing: the connection sends it until then |
//! | at the broker | a result | a sign that it may be lost: a new session, its agent came online, or silence |
//! | nowhere | its agent coming online | |
//! | due | its turn | 64 at a time without a sign of life |
//! | unsure | an update, a result, or a time limit | its agent, which is asked by the task's id |
//! | ending | the store | the store, again and again |
//! | ended | its handle or [`Results`](crate::a2a::delegate::Results) taking it | |
//!
//! An answer to a question is kept until the agent continues. An agent that repeats the question, because it came back
//! or was queried for the task, did not receive the answer, which is then sent again.
//!
//! What happens if the store fails:
//!
//! | the store failed to save | what happens |
//! |---|---|
//! | a new task | it is not sent, and the delegator is told |
//! | that it was sent, its replica, that it was cancelled | tried again after 100 ms, doubling up to 30 s |
//! | its end | tried again; the end is reported only when it is stored. Its message stays unacknowledged for three tries, and 10 s at most; after that, the agent still has the result for a delegator that asks again. A waiter gets the store's error after 30 s |
//! | that its result was taken | tried again; if the process ends before, the next process returns the result once more |

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::delegation::Delegation;
use super::entry::{At, Entry};
use super::event::{Effect, Event, Handed};
use super::queues::{Again, Agents};
use super::seeded::{Bug, seeded};
use crate::deadline;
use crate::shown::shown;
use crate::wire::{Identifier, TaskError, TaskResult, TaskState, codes, now_rfc3339};

mod join;

/// How long a task may be silent before its agent is asked where it is, at first and at most.
const SILENCE: Duration = Duration::from_secs(15);
const SILENCE_MOST: Duration = Duration::from_secs(600);

/// How long an agent that is online may take to say that it has a task of which it isn't known that it was sent.
const UNSURE: Duration = Duration::from_secs(60);

/// So many questions without an answer, and the task is taken for lost.
const UNANSWERED: u32 = 2;

/// Of so many replicas the cards are looked at, for what all of them take.
const SOME: usize = 4;

/// A task, and who works on it.
type Known = (Arc<Delegation>, Option<Arc<str>>);

/// All delegated tasks.
#[derive(Debug)]
pub(super) struct Book {
    /// Whether what a later process has to know is stored.
    durable: bool,
    tasks: HashMap<Identifier, Entry>,
    agents: Agents,
    session: u64,
    epoch: u64,
    up_since: Option<Instant>,
    /// How long the connections before it were up.
    up_before: Duration,
}

impl Book {
    pub(super) fn new(durable: bool) -> Self {
        Self {
            durable,
            tasks: HashMap::new(),
            agents: Agents::default(),
            session: 0,
            epoch: 0,
            up_since: None,
            up_before: Duration::ZERO,
        }
    }

    /// Some replicas that may work on a task and are online.
    pub(super) fn replicas(&self, delegation: &Delegation) -> Vec<Arc<str>> {
        self.agents.some_online(|agent| delegation.may_be_at(agent), SOME)
    }

    pub(super) fn is_online(&self, agent: &str) -> bool {
        self.agents.is_online(agent)
    }

    pub(super) fn is_there(&self, agent: &str) -> bool {
        self.agents.is_there(agent)
    }

    pub(super) fn near(&self, agent: &str, own: &str) -> Option<Arc<str>> {
        self.agents.near(agent, own)
    }

    /// Whether an agent has sent updates, and takes more than tasks.
    pub(super) fn understands(&self, agent: &str) -> bool {
        self.agents.is_understanding(agent)
    }

    /// Whether the store has all that it is to have.
    pub(super) fn is_kept(&self) -> bool {
        self.tasks.values().all(Entry::is_kept)
    }

    pub(super) fn clear(&mut self) {
        self.tasks.clear();
    }

    /// Whether a task is in here: it goes on, or somebody waits for its end.
    #[cfg(test)]
    pub(super) fn is_known(&self, id: &Identifier) -> bool {
        self.tasks.contains_key(id)
    }

    /// Whether a task may be lost, and the store does not know yet.
    #[cfg(test)]
    fn loss_is_unknown(&self, id: &Identifier) -> bool {
        let sent_again =
            |entry: &Entry| entry.sent && matches!(entry.at, At::Due | At::Link { .. } | At::Nowhere);
        self.tasks.get(id).is_some_and(|entry| sent_again(entry) && !entry.is_kept())
    }

    /// Takes an event; what is to be done is put behind what `effects` has.
    pub(super) fn take(&mut self, event: Event, now: Instant, effects: &mut Vec<Effect>) {
        match event {
            Event::Inserting(delegation) => self.enter(Entry::new(delegation, At::Inserting, now)),
            Event::Asked(delegation) => {
                let at = At::Link { lost: false };
                match self.tasks.get_mut(&delegation.task.task_id).filter(|entry| entry.at == At::Inserting) {
                    Some(entry) => (entry.at, entry.quiet_since) = (at, now),
                    None => self.enter(Entry::new(delegation, at, now)),
                }
            }
            Event::Recovered { delegation, sent, lost, canceled } => {
                let at = match (sent, lost) {
                    // In the session that the earlier process left.
                    (true, false) => At::Broker { session: 0, epoch: 0 },
                    (true, true) => At::Due,
                    (false, _) => At::Unsure { until: None },
                };
                self.recovered(delegation, at, canceled, now, effects);
            }
            Event::Missed => self.missed(now, effects),
            Event::Attached(delegation) => self.attached(delegation, now),
            Event::Handed { id, outcome } => self.handed(&id, outcome, now, effects),
            Event::Withdrawn { id, error } => self.withdrawn(&id, error, now, effects),
            Event::Forgotten(id) => self.forget(&id, now),
            Event::Connected { session, epoch } => self.connected(session, epoch, now, effects),
            Event::Disconnected => {
                self.up_before = self.uptime(now);
                self.up_since = None;
            }
            Event::Online { agent, retained } => self.online(&agent, retained, now, effects),
            Event::Offline { agent } => self.agents.went_offline(&agent),
            Event::Heard { result, proven, redelivered, message } => {
                self.heard(result, proven, redelivered, message, now, effects);
            }
            Event::Canceled(id) => {
                if let Some(entry) = self.tasks.get_mut(&id) {
                    entry.canceled = true;
                    note(self.durable, entry, now, effects);
                }
            }
            Event::Said { id, message } => {
                if let Some(entry) = self.tasks.get_mut(&id).filter(|entry| !entry.has_ended()) {
                    entry.answered(message);
                }
            }
            Event::Dropped(id) => self.dropped(&id, now, effects),
            Event::Taken(id) => {
                if let Some(entry) = self.tasks.get_mut(&id) {
                    entry.settle(now, effects);
                }
            }
            Event::Stored { id, what, outcome } => {
                let outcome = if seeded(Bug::IgnoredStoreError) { Ok(()) } else { outcome };
                if let Some(entry) = self.tasks.get_mut(&id)
                    && entry.stored(what, outcome, now, effects)
                {
                    self.forget(&id, now);
                }
            }
            Event::Understands(agent) => self.agents.understands(&agent),
            Event::Tick => self.tick(now, effects),
        }
    }

    /// How long the connection has been up, all in all.
    fn uptime(&self, now: Instant) -> Duration {
        let up = self.up_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.up_before.saturating_add(up)
    }

    fn enter(&mut self, entry: Entry) {
        self.tasks.insert(entry.delegation.task.task_id.clone(), entry);
    }

    fn forget(&mut self, id: &Identifier, now: Instant) {
        if let Some(entry) = self.tasks.remove(id)
            && let Some(queue) = entry.in_window_of
        {
            self.agents.heard(&queue, id, now);
        }
    }

    /// The connection is done with the one copy that it had.
    fn handed(&mut self, id: &Identifier, outcome: Handed, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.tasks.get_mut(id) else { return };
        let again = entry.sent;
        let is_taken = matches!(outcome, Handed::Taken { .. });
        entry.sent |= is_taken;
        let At::Link { lost } = entry.at else {
            if is_taken && !again {
                note(self.durable, entry, now, effects);
            }
            return;
        };
        entry.quiet_since = now;
        match outcome {
            Handed::Taken { session, epoch } => {
                // Where it is comes first: what is stored says that the broker has it, or the next process sends it again.
                entry.at = At::Broker { session, epoch };
                note(self.durable, entry, now, effects);
                if again && entry.canceled {
                    // The broker may have lost that as well.
                    effects.push(Effect::Cancel(Arc::clone(&entry.delegation)));
                }
                if lost || session < self.session {
                    self.due(id, now, effects);
                    self.pump_all(now, effects);
                }
            }
            Handed::Nowhere | Handed::Failed => {
                entry.at = At::Nowhere;
                if lost {
                    self.due(id, now, effects);
                    self.pump_all(now, effects);
                }
            }
            Handed::Impossible => {
                let message =
                    "the broker does not take a task of this size any more; raise its limit, or give a URL";
                let error = TaskError::new("unavailable", message).with_code(codes::TOO_LARGE);
                self.end(id, failed(error), now, effects);
            }
        }
    }

    fn withdrawn(&mut self, id: &Identifier, error: TaskError, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.tasks.get_mut(id) else { return };
        entry.wanted = false;
        if !entry.delegation.stored || seeded(Bug::NotWithdrawn) {
            return self.forget(id, now);
        }
        if !entry.has_ended() {
            let result = ended(&entry.delegation, failed(error));
            entry.end(result, now, effects);
        }
        // Its result may have been here before the broker's word: nobody was given a handle for it.
        entry.settle(now, effects);
    }

    fn connected(&mut self, session: u64, epoch: u64, now: Instant, effects: &mut Vec<Effect>) {
        self.up_before = self.uptime(now);
        self.up_since = Some(now);
        self.epoch = epoch;
        if session <= self.session || seeded(Bug::SessionBelieved) {
            return;
        }
        self.session = session;
        // What the broker said of them went with the session.
        self.agents.forget_all();
        let is_lost = |entry: &Entry| matches!(entry.at, At::Broker { session: of, .. } if of < session);
        let lost: Vec<_> = self.ids(is_lost);
        for id in lost {
            self.due(&id, now, effects);
        }
        self.pump_all(now, effects);
    }

    fn ids(&self, which: impl Fn(&Entry) -> bool) -> Vec<Identifier> {
        self.tasks.iter().filter(|(_, entry)| which(entry)).map(|(id, _)| id.clone()).collect()
    }

    /// An agent is online. That it was not before may have cost it tasks; that it says so again costs it none.
    fn online(&mut self, agent: &Arc<str>, retained: bool, now: Instant, effects: &mut Vec<Effect>) {
        if !self.agents.came_online(agent) && !seeded(Bug::RepeatedOnline) {
            return;
        }
        // What is retained says nothing of tasks that were sent on this very connection.
        let epoch = self.epoch;
        let missed = |of: u64| !retained || of != epoch;
        let mut lost = Vec::new();
        for (id, entry) in &mut self.tasks {
            let direct = entry.target() == &**agent;
            // Any of the replicas may have it, and only one that was silent for long has lost it.
            let quiet = now.saturating_duration_since(entry.quiet_since) >= SILENCE;
            let replica = entry.executor.is_none() && quiet && entry.delegation.may_be_at(agent);
            if !direct && !replica {
                continue;
            }
            match &mut entry.at {
                At::Link { .. } if seeded(Bug::SecondCopy) => {
                    effects.push(Effect::Send(Arc::clone(&entry.delegation)));
                }
                At::Link { lost } => *lost |= !retained && direct,
                At::Broker { epoch, .. } if missed(*epoch) => lost.push(id.clone()),
                At::Nowhere => lost.push(id.clone()),
                At::Unsure { until: until @ None } => {
                    *until = Some(deadline::after(now, UNSURE));
                    if self.agents.is_understanding(entry.target()) {
                        self.agents.push(entry.target(), Again::Ask(id.clone()), now);
                    }
                }
                _ => {}
            }
        }
        for id in lost {
            self.due(&id, now, effects);
        }
        self.pump_all(now, effects);
    }

    fn heard(
        &mut self,
        result: TaskResult,
        proven: bool,
        redelivered: bool,
        message: u64,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let id = result.task_id.clone();
        let terminal = result.status.is_terminal();
        let from = &*result.from;
        let Some(entry) = self.tasks.get_mut(&id).filter(|entry| {
            if entry.at == At::Inserting && !seeded(Bug::BelievedUnsent) {
                return false;
            }
            let meant = if from.is_empty() {
                proven
            } else {
                entry.delegation.may_be_at(from) && Identifier::parse(from).is_ok()
            };
            meant || seeded(Bug::AnySender)
        }) else {
            crate::log::debug!(task = %shown(&id), from = %shown(from), "dropped a result of no task that is awaited from its sender");
            return effects.push(Effect::Acknowledge(message));
        };
        if entry.delegation.is_elsewhere() && says_nothing(&result) {
            return effects.push(Effect::Acknowledge(message));
        }
        if entry.has_ended() {
            if seeded(Bug::ToldTwice) && terminal {
                effects.push(Effect::End(Arc::clone(&entry.delegation), result));
            }
            if !terminal {
                return effects.push(Effect::Acknowledge(message));
            }
            // One that is being stored is acknowledged with the last one.
            return entry.hold(message, now, effects);
        }
        entry.quiet_since = now;
        entry.unanswered = 0;
        if let Some(queue) = entry.in_window_of.take() {
            self.agents.heard(&queue, &id, now);
        }
        if result.seq.is_some() {
            self.agents.understands(from);
        }
        if matches!(entry.at, At::Unsure { .. }) {
            entry.at = At::Broker { session: self.session, epoch: self.epoch };
            entry.sent = true;
        }
        if terminal {
            let early = seeded(Bug::EarlyAcknowledgement);
            self.end(&id, result, now, effects);
            match self.tasks.get_mut(&id).filter(|_| !early) {
                Some(entry) => entry.hold(message, now, effects),
                None => effects.push(Effect::Acknowledge(message)),
            }
        } else {
            effects.push(Effect::Acknowledge(message));
            if entry.executor.is_none() && !from.is_empty() {
                let executor: Arc<str> = from.into();
                entry.executor = Some(Arc::clone(&executor));
                effects.push(Effect::Executor(Arc::clone(&entry.delegation), executor));
                // One of several replicas: a later process asks none but that, and what was said before went to any.
                if from != &*entry.delegation.task.to {
                    note(self.durable, entry, now, effects);
                    if entry.canceled {
                        effects.push(Effect::Cancel(Arc::clone(&entry.delegation)));
                    }
                }
            }
            let repeated = redelivered && entry.is_question_again(&result);
            let missed = if repeated { None } else { entry.missed_answer(&result) };
            let news = !repeated && entry.update(&result);
            if let Some(answer) = missed {
                effects.push(Effect::Say(Arc::clone(&entry.delegation), answer));
            } else if news {
                effects.push(Effect::Update(Arc::clone(&entry.delegation), result));
            }
        }
        self.pump_all(now, effects);
    }

    /// A task ends so: stored first where it is kept, and told then.
    fn end(&mut self, id: &Identifier, end: TaskResult, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.tasks.get_mut(id) else { return };
        let end = ended(&entry.delegation, end);
        if entry.delegation.stored {
            entry.end(end, now, effects);
            if seeded(Bug::EarlySettled) {
                entry.settle(now, effects);
            }
        } else {
            effects.push(Effect::End(Arc::clone(&entry.delegation), end));
            self.forget(id, now);
        }
    }

    fn dropped(&mut self, id: &Identifier, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.tasks.get_mut(id) else {
            // Its result was on its way to the user, and the store has it as taken already.
            return effects.push(Effect::Release(id.clone()));
        };
        entry.wanted = false;
        if entry.at == At::Ended {
            effects.push(Effect::Release(id.clone()));
            self.forget(id, now);
        }
    }

    fn tick(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let (up_since, uptime) = (self.up_since, self.uptime(now));
        let (mut unheard, mut due, mut ask) = (Vec::new(), Vec::new(), Vec::new());
        let mut learn: HashSet<Arc<str>> = HashSet::new();
        for (id, entry) in &mut self.tasks {
            entry.retry(now, effects);
            if entry.has_ended() || (entry.at == At::Inserting && !seeded(Bug::BelievedUnsent)) {
                continue;
            }
            let online = |entry: &Entry| {
                self.agents.is_online(entry.target())
                    || (entry.executor.is_none()
                        && self.agents.is_any_online(|agent| entry.delegation.may_be_at(agent)))
            };
            let quiet = now.saturating_duration_since(entry.quiet_since);
            if quiet >= SILENCE || matches!(entry.at, At::Unsure { .. }) {
                let agent = entry.target();
                if !self.agents.is_understanding(agent) && !learn.contains(agent) {
                    learn.insert(Arc::from(agent));
                }
            }
            let is_late = entry.is_late(now, up_since, uptime);
            match entry.at {
                _ if is_late => unheard.push(id.clone()),
                At::Unsure { until: Some(until) } if until < now => unheard.push(id.clone()),
                At::Unsure { until: None } if online(entry) => {
                    entry.at = At::Unsure { until: Some(deadline::after(now, UNSURE)) };
                    if self.agents.is_understanding(entry.target()) {
                        ask.push(id.clone());
                    }
                }
                At::Unsure { .. } if entry.asks == 0 && self.agents.is_understanding(entry.target()) => {
                    ask.push(id.clone());
                }
                At::Nowhere if quiet >= SILENCE && online(entry) => due.push(id.clone()),
                At::Broker { .. } if entry.unanswered >= UNANSWERED && quiet >= SILENCE => {
                    due.push(id.clone())
                }
                At::Broker { .. } if self.agents.is_understanding(entry.target()) => {
                    let patience = SILENCE.saturating_mul(1 << entry.asks.min(8)).min(SILENCE_MOST);
                    if quiet >= patience {
                        ask.push(id.clone());
                    }
                }
                _ => {}
            }
        }
        for id in unheard {
            let message = "nothing was heard of the task in time; is the agent online?";
            let error = TaskError::new("timeout", message).with_code(codes::UNHEARD);
            self.end(&id, failed(error), now, effects);
        }
        for agent in learn {
            if self.agents.is_to_learn(&agent, now) {
                effects.push(Effect::Learn(agent));
            }
        }
        for id in due {
            self.due(&id, now, effects);
        }
        for id in ask {
            if let Some(entry) = self.tasks.get_mut(&id) {
                // It waits for its turn from now on.
                entry.quiet_since = now;
                self.agents.push(entry.target(), Again::Ask(id), now);
            }
        }
        self.pump_all(now, effects);
    }

    /// A task is to be sent again when it is its turn.
    fn due(&mut self, id: &Identifier, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.tasks.get_mut(id) else { return };
        if entry.is_given_up() {
            // It would run once more for nobody.
            return;
        }
        entry.at = At::Due;
        entry.unanswered = 0;
        // Should the process end before it is sent.
        note(self.durable, entry, now, effects);
        if let Some(queue) = entry.in_window_of.take() {
            self.agents.heard(&queue, id, now);
        }
        self.agents.push(entry.target(), Again::Send(id.clone()), now);
    }

    /// Sends what has its turn.
    fn pump_all(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        for agent in self.agents.open(now) {
            while let Some(again) = self.agents.next(&agent) {
                let id = again.id().clone();
                let Some(entry) = self.tasks.get_mut(&id) else { continue };
                match (again, entry.at) {
                    (Again::Send(_), At::Due) => {
                        entry.at = At::Link { lost: false };
                        entry.sent_again();
                        effects.push(Effect::Send(Arc::clone(&entry.delegation)));
                    }
                    (Again::Ask(_), At::Broker { .. } | At::Unsure { .. }) => {
                        entry.asks = entry.asks.saturating_add(1);
                        entry.unanswered = entry.unanswered.saturating_add(1);
                        effects.push(Effect::Ask(Arc::clone(&entry.delegation)));
                    }
                    // It has ended, or was sent meanwhile.
                    _ => continue,
                }
                entry.quiet_since = now;
                if !seeded(Bug::Unpaced) {
                    entry.in_window_of = self.agents.sent(&agent, id, now);
                }
            }
        }
    }
}

/// What a later process has to know; where there can be none nothing is to be noted.
fn note(durable: bool, entry: &mut Entry, now: Instant, effects: &mut Vec<Effect>) {
    if durable && entry.delegation.stored && !entry.has_ended() {
        entry.keep(now, effects);
    } else {
        effects.push(Effect::Noted(Arc::clone(&entry.delegation)));
    }
}

/// Whether an agent only says that it cannot look where the task is: it is asked again.
fn says_nothing(result: &TaskResult) -> bool {
    let code = result.error.as_ref().and_then(|error| error.code.as_deref());
    result.status == TaskState::Failed && code == Some(codes::STORE)
}

/// A task that failed here.
fn failed(error: TaskError) -> TaskResult {
    let mut result = TaskResult::update(Identifier::random(), TaskState::Failed, "", 0);
    (result.seq, result.error) = (None, Some(error));
    result.completed_at = Some(now_rfc3339());
    result
}

/// The end of this task.
fn ended(delegation: &Delegation, end: TaskResult) -> TaskResult {
    TaskResult { task_id: delegation.task.task_id.clone(), ..end }
}

#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
