//! The world of the machines in a schedule: the store, the broker, the handlers and the delegator. `steps` has the
//! steps, `talk` the questions, answers and cancels.

mod steps;
mod talk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::super::dialogue::Dialogue;
use super::super::super::ledger::{Ledger, Standing};
use super::super::{Event, Machine, Promise, Step};
use crate::store::{Stored, TaskRecord};
use crate::wire::{Identifier, Intent, TaskMessage, TaskNotification, TaskState};
use talk::Mail;

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
    /// As it was given to the store at first.
    inserted: TaskRecord,
    ledger: Ledger,
    standing: Standing,
    step: Step,
    /// Whether the handler was counted since it was to run.
    runs: bool,
    canceled: bool,
    dialogue: Dialogue,
    /// How many of its questions this attempt has an answer to.
    answered: usize,
    asking: Option<oneshot::Receiver<TaskMessage>>,
}

impl Live {
    /// The store has it as it is now.
    fn note_kept(&mut self) {
        self.standing.advance(self.ledger.changes(), Stored::read_back(&self.ledger));
    }
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
    /// Its cancel was acknowledged because the store has it.
    canceled: bool,
    runs: u32,
    /// Attempts that the process handed back.
    returned: u32,
    results: Vec<(TaskState, Option<serde_json::Value>)>,
    /// It was rejected before, and given once more. Its owner asks until it knows the end.
    again: bool,
}

pub(super) struct World {
    random: Random,
    store: BTreeMap<Id, TaskRecord>,
    live: BTreeMap<Id, Live>,
    /// Ended, and nobody received it.
    unsent: BTreeSet<Id>,
    seen: BTreeMap<Id, Seen>,
    mails: Vec<Mail>,
    owner_is_there: bool,
    stopping: bool,
    numbers: u64,
    /// Crashes and failures so far.
    troubles: u32,
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
            mails: Vec::new(),
            owner_is_there: true,
            stopping: false,
            numbers: 0,
            troubles: 0,
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
        match self.random.below(20) {
            0 | 1 => self.give(),
            2 | 3 => self.deliver(),
            4..13 => self.work(),
            13 => self.cancel(),
            14 | 15 => self.deliver_mail(),
            16 => self.settle_mail(),
            17 => self.owner_is_there = !self.owner_is_there,
            18 => self.send_again(),
            _ if self.random.one_in(2) => self.crash(),
            _ => self.stopping = true,
        }
    }

    /// Every schedule has a crash or a failure.
    pub(super) fn trouble(&mut self) {
        if self.troubles == 0 {
            self.crash();
        }
    }

    /// A task's message reaches the broker, once more where it was there before.
    fn give(&mut self) {
        let known = self.seen.len();
        let id = if known > 0 && self.random.one_in(3) { self.random.below(known) } else { known };
        let ended_in_store = self.store.get(&id).is_some_and(|kept| kept.task.status.is_terminal());
        let seen = self.seen.entry(id).or_default();
        if seen.rejected && !seen.unacknowledged && !ended_in_store {
            // What was rejected may be given again: its owner forgets what it was told.
            *seen = Seen { again: true, ..Seen::default() };
            self.mails.retain(|mail| mail.id != id);
        }
        self.seen.entry(id).or_default().unacknowledged = true;
    }

    /// Nobody here works on it any more: what was said of it waits for another process, or another task of its id.
    fn remove(&mut self, id: Id) {
        self.live.remove(&id);
        for mail in self.mails.iter_mut().filter(|mail| mail.id == id) {
            mail.change = None;
        }
    }

    fn enter(&mut self, id: Id, record: TaskRecord, event: Event) {
        let came = matches!(event, Event::Came | Event::CameInTurn);
        let standing = if came { Standing::Unknown } else { Standing::Kept(0, Stored::read_back(&record)) };
        let mut machine = Machine::new(promise(id));
        let mut ledger = Ledger::new(Arc::new(record.clone()));
        let changes = event.changes_record();
        let step = machine.on(event, if changes { ledger.change() } else { ledger.unchanged() });
        let live = Live {
            machine,
            inserted: record,
            ledger,
            standing,
            step,
            runs: false,
            canceled: false,
            dialogue: Dialogue::default(),
            answered: 0,
            asking: None,
        };
        self.live.insert(id, live);
    }

    fn new_task(&mut self, id: Id) -> TaskRecord {
        let name = Identifier::parse(&format!("t-{id}")).unwrap();
        let mut record =
            TaskRecord::new(TaskNotification::about(name, Intent::Task, "boss", "worker").into_task());
        // As times do, this tells one that came from a later one of the same id.
        self.numbers += 1;
        record.correlation = Some(self.numbers.to_be_bytes().to_vec());
        record
    }

    fn fails(&mut self) -> bool {
        let fails = !self.healthy && self.random.one_in(4);
        self.troubles += u32::from(fails);
        fails
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
        self.troubles += 1;
        // Documented: the store is told of a rejection after the delegator is.
        for (id, live) in &self.live {
            let seen = self.seen.get_mut(id).unwrap();
            seen.exempt |=
                seen.rejected && live.ledger.settled && !self.store.get(id).is_none_or(|kept| kept.settled);
        }
        self.live.clear();
        self.unsent.clear();
        self.stopping = false;
        for mail in &mut self.mails {
            mail.change = None;
        }
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
        for _ in 0..600 {
            for seen in self.seen.values_mut().filter(|seen| seen.again && seen.results.is_empty()) {
                seen.unacknowledged = true;
            }
            self.deliver();
            self.deliver_mail();
            self.settle_mail();
            self.send_again();
            for _ in 0..4 {
                self.work();
            }
            self.check()?;
            if self.live.is_empty()
                && self.unsent.is_empty()
                && self.mails.is_empty()
                && !self.seen.values().any(|seen| seen.unacknowledged)
            {
                break;
            }
        }
        if let Some(mail) = self.mails.first() {
            return Err(format!("{mail:?} was never acknowledged"));
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
