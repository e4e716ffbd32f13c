//! What surrounds the machines in a schedule: the store, the broker, the handlers and whoever gives tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{Event, Insertion, Machine, Promise, Sent, Step};
use crate::store::TaskRecord;
use crate::wire::{Identifier, Intent, TaskError, TaskNotification, TaskState};

/// SplitMix64: a schedule is its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

type Id = usize;

/// One task in the process.
struct Live {
    machine: Machine,
    record: Arc<TaskRecord>,
    step: Step,
    /// Whether the handler was counted since it was to run.
    runs: bool,
    canceled: bool,
}

/// What its owner knows of a task, and what was seen of it.
#[derive(Debug, Default)]
struct Seen {
    /// Its message is at the broker, and was not acknowledged.
    unacknowledged: bool,
    acknowledged: bool,
    rejected: bool,
    /// It was rejected, and the process died before the store knew.
    exempt: bool,
    canceled: bool,
    runs: u32,
    /// Attempts that the process handed back.
    returned: u32,
    results: Vec<(TaskState, Option<serde_json::Value>)>,
}

pub(super) struct World {
    random: Random,
    store: BTreeMap<Id, TaskRecord>,
    live: BTreeMap<Id, Live>,
    /// Ended, and nobody received it.
    unsent: BTreeSet<Id>,
    seen: BTreeMap<Id, Seen>,
    owner_is_there: bool,
    stopping: bool,
    numbers: u64,
    broken: Option<String>,
    healthy: bool,
}

/// A third of the tasks must not begin twice, the others may begin three times.
fn promise(id: Id) -> Promise {
    Promise { durable: true, again: !id.is_multiple_of(3), attempts: 3 }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            store: BTreeMap::new(),
            live: BTreeMap::new(),
            unsent: BTreeSet::new(),
            seen: BTreeMap::new(),
            owner_is_there: true,
            stopping: false,
            numbers: 0,
            broken: None,
            healthy: false,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn broke(&mut self, what: impl Into<String>) {
        self.broken.get_or_insert_with(|| what.into());
    }

    pub(super) fn step(&mut self) {
        match self.random.below(16) {
            0 | 1 => self.give(),
            2 | 3 => self.deliver(),
            4..12 => self.work(),
            12 => self.cancel(),
            13 => self.owner_is_there = !self.owner_is_there,
            14 => self.send_again(),
            _ if self.random.one_in(2) => self.crash(),
            _ => self.stopping = true,
        }
    }

    /// A task's message reaches the broker, once more where it was there before.
    fn give(&mut self) {
        let known = self.seen.len();
        let id = if known > 0 && self.random.one_in(3) { self.random.below(known) } else { known };
        let seen = self.seen.entry(id).or_default();
        // What was rejected is a new task when it comes again.
        seen.unacknowledged |= !seen.rejected;
    }

    /// The broker delivers a message that was not acknowledged.
    fn deliver(&mut self) {
        let waiting: Vec<_> =
            self.seen.iter().filter(|(_, seen)| seen.unacknowledged).map(|(id, _)| *id).collect();
        let Some(&id) = waiting.get(self.random.below(waiting.len())) else { return };
        if let Some(live) = self.live.get(&id) {
            // One that is in hand is left alone, and acknowledged when the first one is.
            if !matches!(live.step, Step::Insert | Step::Accept | Step::Known | Step::Refuse) {
                self.acknowledge(id);
            }
            return;
        }
        if self.stopping {
            return;
        }
        let name = Identifier::parse(&format!("t-{id}")).unwrap();
        let task = TaskNotification::about(name, Intent::Task, "boss", "worker").into_task();
        self.enter(id, TaskRecord::new(task), Event::Came);
    }

    fn enter(&mut self, id: Id, record: TaskRecord, event: Event) {
        let mut machine = Machine::new(promise(id));
        let mut record = Arc::new(record);
        let step = machine.on(event, &mut record);
        self.live.insert(id, Live { machine, record, step, runs: false, canceled: false });
    }

    fn acknowledge(&mut self, id: Id) {
        let kept = self.store.contains_key(&id);
        let seen = self.seen.entry(id).or_default();
        (seen.unacknowledged, seen.acknowledged) = (false, true);
        if !kept && !seen.rejected {
            self.broke(format!("task {id} was acknowledged before it was stored"));
        }
    }

    /// Does the step of some task.
    fn work(&mut self) {
        let ids: Vec<_> = self.live.keys().copied().collect();
        let Some(&id) = ids.get(self.random.below(ids.len())) else { return };
        let step = self.live[&id].step;
        match step {
            Step::Insert => self.insert(id),
            Step::Accept => {
                self.acknowledge(id);
                self.live.get_mut(&id).unwrap().step = Step::Wait;
            }
            Step::Wait => {
                let event = self.interruption(id).unwrap_or(Event::Turn);
                self.on(id, event);
            }
            Step::Known => {
                let existing = self.store[&id].clone();
                if existing.task.status.is_terminal() {
                    self.receive(id, &existing);
                }
                self.acknowledge(id);
                self.live.remove(&id);
            }
            Step::Refuse => {
                let seen = self.seen.get_mut(&id).unwrap();
                seen.rejected = true;
                // Its owner may have the end already: then this says nothing to it.
                if seen.results.is_empty() {
                    seen.results.push((TaskState::Rejected, None));
                }
                self.acknowledge(id);
                self.on(id, Event::Rejected);
            }
            Step::Store => self.put(id),
            Step::Pause(_) => {
                let event = self.interruption(id).unwrap_or(Event::Paused);
                self.on(id, event);
            }
            Step::Run => self.run(id),
            Step::Send => {
                let record = Arc::clone(&self.live[&id].record);
                let sent = self.receive(id, &record);
                self.on(id, Event::Sent(sent));
            }
            Step::Settled | Step::Left => {
                self.live.remove(&id);
            }
            Step::Unsent => {
                self.live.remove(&id);
                self.unsent.insert(id);
            }
        }
    }

    /// What else happens to a task that waits.
    fn interruption(&mut self, id: Id) -> Option<Event> {
        if !self.live[&id].machine.has_not_begun() {
            return None;
        }
        if self.live[&id].canceled {
            return Some(Event::Canceled);
        }
        if self.stopping {
            return Some(Event::Stopping);
        }
        let late = !self.healthy && self.random.one_in(12);
        late.then(|| Event::Late(TaskError::new("timeout", "too late")))
    }

    fn on(&mut self, id: Id, event: Event) {
        let live = self.live.get_mut(&id).unwrap();
        live.step = live.machine.on(event, &mut live.record);
        if live.step != Step::Run {
            live.runs = false;
        }
    }

    fn fails(&mut self) -> bool {
        !self.healthy && self.random.one_in(4)
    }

    fn insert(&mut self, id: Id) {
        let insertion = if self.store.contains_key(&id) {
            if self.fails() { Insertion::Failed } else { Insertion::Known }
        } else if self.fails() {
            // It may have happened all the same.
            if self.random.one_in(3) {
                let record = TaskRecord::clone(&self.live[&id].record);
                self.store.insert(id, record);
            }
            Insertion::Failed
        } else {
            let record = TaskRecord::clone(&self.live[&id].record);
            self.store.insert(id, record);
            Insertion::New
        };
        // Its owner waits for an end that is known here: no rejection takes its place.
        if insertion == Insertion::Failed && self.unsent.contains(&id) {
            self.live.remove(&id);
            return;
        }
        self.on(id, Event::Inserted(insertion));
    }

    fn put(&mut self, id: Id) {
        let fails = self.fails();
        // A store that fails may have done it.
        if !fails || self.random.one_in(3) {
            let record = TaskRecord::clone(&self.live[&id].record);
            self.write(id, record);
        }
        self.on(id, Event::Stored(!fails));
    }

    fn write(&mut self, id: Id, record: TaskRecord) {
        let Some(kept) = self.store.get_mut(&id) else {
            if !self.seen[&id].rejected {
                self.broke(format!("task {id} was never inserted"));
            }
            return;
        };
        if !kept.task.status.is_terminal() {
            if record.attempts < kept.attempts {
                self.seen.get_mut(&id).unwrap().returned += 1;
            }
            *kept = record;
        } else if self.seen[&id].rejected && kept.settled {
            // A rejection of a task whose owner has its end: the store changes nothing.
        } else if kept.task.status != record.task.status || kept.task.result != record.task.result {
            self.broke(format!("the end of task {id} was changed"));
        } else {
            kept.settled |= record.settled;
        }
    }

    fn run(&mut self, id: Id) {
        if !std::mem::replace(&mut self.live.get_mut(&id).unwrap().runs, true) {
            let attempts = self.live[&id].record.attempts;
            let stored = self.store.get(&id).map_or(0, |record| record.attempts);
            let seen = self.seen.get_mut(&id).unwrap();
            seen.runs += 1;
            let (runs, returned, told) = (seen.runs, seen.returned, !seen.results.is_empty() && !seen.exempt);
            if attempts == 0 || stored != attempts {
                self.broke(format!("attempt {attempts} at task {id} began, and the store knows {stored}"));
            } else if !promise(id).again && runs > 1 {
                self.broke(format!("task {id} began twice"));
            } else if runs > promise(id).attempts + returned {
                self.broke(format!("task {id} began {runs} times"));
            } else if told {
                self.broke(format!("task {id} began after its end was told"));
            }
            return;
        }
        self.numbers += 1;
        let event = match self.random.below(4) {
            _ if self.live[&id].canceled => Event::Canceled,
            0 if self.stopping => Event::CutOff,
            1 => Event::Ended(Err(Box::new(TaskError::new("task_error", "a test")))),
            _ => Event::Ended(Ok(self.numbers.into())),
        };
        self.on(id, event);
    }

    /// The owner receives an end, or is away.
    fn receive(&mut self, id: Id, record: &TaskRecord) -> Sent {
        let stored = self.store.get(&id);
        if stored.is_none_or(|kept| {
            kept.task.status != record.task.status || kept.task.result != record.task.result
        }) {
            self.broke(format!("the end of task {id} was sent before it was stored"));
        }
        if !self.owner_is_there || (!self.healthy && self.random.one_in(6)) {
            return Sent::Later;
        }
        let end = (record.task.status, record.task.result.clone());
        let seen = self.seen.get_mut(&id).unwrap();
        let differs = !seen.exempt && seen.results.first().is_some_and(|first| *first != end);
        seen.results.push(end);
        if differs {
            self.broke(format!("two ends of task {id} were told"));
        }
        Sent::Done
    }

    fn cancel(&mut self) {
        let ids: Vec<_> = self.live.keys().copied().collect();
        if let Some(id) = ids.get(self.random.below(ids.len())) {
            self.live.get_mut(id).unwrap().canceled = true;
            self.seen.get_mut(id).unwrap().canceled = true;
        }
    }

    /// The owner may be back: what it did not receive is sent again.
    fn send_again(&mut self) {
        let Some(id) = self.unsent.first().copied() else { return };
        if !self.live.contains_key(&id) {
            self.unsent.remove(&id);
            let record = self.store[&id].clone();
            self.enter(id, record, Event::Recovered);
        }
    }

    /// The process ends, at a stop or before, and another one goes on.
    fn crash(&mut self) {
        // Documented: the store is told of a rejection after whoever gave the task.
        for (id, live) in &self.live {
            let seen = self.seen.get_mut(id).unwrap();
            seen.exempt |=
                seen.rejected && live.record.settled && !self.store.get(id).is_none_or(|kept| kept.settled);
        }
        self.live.clear();
        self.unsent.clear();
        self.stopping = false;
        let open: Vec<_> = self
            .store
            .iter()
            .filter(|(_, record)| record.is_open())
            .map(|(id, record)| (*id, record.clone()))
            .collect();
        for (id, record) in open {
            self.enter(id, record, Event::Recovered);
        }
    }

    /// Everything works again, and for long enough.
    pub(super) fn finish(mut self) -> Result<(), String> {
        self.healthy = true;
        self.owner_is_there = true;
        if self.stopping {
            self.crash();
        }
        for _ in 0..400 {
            self.deliver();
            self.send_again();
            for _ in 0..4 {
                self.work();
            }
            self.check()?;
            if self.live.is_empty()
                && self.unsent.is_empty()
                && !self.seen.values().any(|seen| seen.unacknowledged)
            {
                break;
            }
        }
        for (id, seen) in &self.seen {
            if !seen.acknowledged {
                return Err(format!("task {id} was never acknowledged"));
            }
            let Some(record) = self.store.get(id) else {
                if seen.rejected { continue } else { return Err(format!("task {id} is nowhere")) }
            };
            if seen.results.is_empty() {
                return Err(format!("the end of task {id} was never told: {seen:?}, {record:?}"));
            }
            if !record.settled {
                return Err(format!("the end of task {id} was told and is not settled"));
            }
        }
        Ok(())
    }
}
