//! Does the steps of a task's machine.

use super::super::super::super::ledger::Standing;
use super::super::super::{Event, Insertion, Sent, Step};
use super::{Id, World, promise};
use crate::store::TaskRecord;
use crate::wire::{TaskError, TaskState};

impl World {
    /// The broker delivers a task that was not acknowledged.
    pub(super) fn deliver(&mut self) {
        let waiting: Vec<_> =
            self.seen.iter().filter(|(_, seen)| seen.unacknowledged).map(|(id, _)| *id).collect();
        let Some(&id) = waiting.get(self.random.below(waiting.len())) else { return };
        if let Some(live) = self.live.get(&id) {
            // One that is in hand is left alone, and acknowledged when the first one is.
            match live.step {
                Step::Insert | Step::Accept | Step::AcceptInTurn | Step::Known | Step::Refuse => {}
                _ if matches!(live.standing, Standing::Unknown) => self.reject(id),
                Step::Send | Step::Settled | Step::Unsent => {
                    // Its end is stored, and goes to the requester.
                    let record = TaskRecord::clone(&live.ledger);
                    self.receive(id, &record);
                    self.acknowledge(id);
                }
                _ => self.acknowledge(id),
            }
            return;
        }
        if self.stopping {
            return;
        }
        let record = self.new_task(id);
        let has_turn = self.random.one_in(2);
        self.enter(id, record, if has_turn { Event::CameInTurn } else { Event::Came });
    }

    fn acknowledge(&mut self, id: Id) {
        let kept = self.store.contains_key(&id);
        let seen = self.seen.entry(id).or_default();
        (seen.unacknowledged, seen.acknowledged) = (false, true);
        if !kept && !seen.rejected {
            self.broke(format!("task {id} was acknowledged before it was stored"));
        }
    }

    fn reject(&mut self, id: Id) {
        let seen = self.seen.get_mut(&id).unwrap();
        seen.rejected = true;
        // Its owner may have the end already: then this says nothing to it.
        if seen.results.is_empty() {
            seen.results.push((TaskState::Rejected, None));
        }
        self.acknowledge(id);
    }

    /// Does the step of some task.
    pub(super) fn work(&mut self) {
        let ids: Vec<_> = self.live.keys().copied().collect();
        let Some(&id) = ids.get(self.random.below(ids.len())) else { return };
        let step = self.live[&id].step;
        match step {
            Step::Insert => self.insert(id),
            Step::Accept => {
                self.acknowledge(id);
                self.live.get_mut(&id).unwrap().step = Step::Wait;
            }
            Step::AcceptInTurn => {
                self.acknowledge(id);
                let event = self.interruption(id).unwrap_or(Event::Stored(true));
                self.on(id, event);
            }
            Step::Wait => {
                let event = self.interruption(id).unwrap_or(Event::Turn);
                self.on(id, event);
            }
            Step::Known => self.known(id),
            Step::Refuse => {
                self.reject(id);
                self.on(id, Event::Rejected);
            }
            Step::Store => self.put(id),
            Step::Withdraw => self.withdraw(id),
            Step::Pause(_) => {
                let event = self.interruption(id).unwrap_or(Event::Paused);
                self.on(id, event);
            }
            Step::Run => self.run(id),
            Step::Send => {
                let record = TaskRecord::clone(&self.live[&id].ledger);
                let sent = self.receive(id, &record);
                self.on(id, Event::Sent(sent));
            }
            Step::Settled | Step::Left => {
                self.remove(id);
            }
            Step::Unsent => {
                self.remove(id);
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

    pub(super) fn on(&mut self, id: Id, event: Event) {
        let live = self.live.get_mut(&id).unwrap();
        let changes = event.changes_record();
        let record = if changes { live.ledger.change() } else { live.ledger.unchanged() };
        live.step = live.machine.on(event, record);
        if live.step != Step::Run {
            live.runs = false;
        }
    }

    fn insert(&mut self, id: Id) {
        let record = TaskRecord::clone(&self.live[&id].ledger);
        self.live.get_mut(&id).unwrap().inserted = record.clone();
        let fails = self.fails();
        let is_new = !self.store.contains_key(&id);
        // One that fails may have happened all the same.
        if is_new && (!fails || self.random.one_in(3)) {
            self.store.insert(id, record);
        }
        if !fails {
            if is_new {
                self.live.get_mut(&id).unwrap().note_kept();
            }
            return self.on(id, Event::Inserted(if is_new { Insertion::New } else { Insertion::Known }));
        }
        // Its owner waits for an end that is known here: no rejection takes its place.
        if self.unsent.contains(&id) {
            self.acknowledge(id);
            self.remove(id);
            return;
        }
        self.on(id, Event::NotInserted(TaskError::new("unavailable", "a test")));
    }

    /// It was stored before it came.
    fn known(&mut self, id: Id) {
        let existing = self.store[&id].clone();
        self.remove(id);
        if !existing.task.status.is_terminal() {
            self.acknowledge(id);
            return self.enter(id, existing, Event::Recovered);
        }
        self.receive(id, &existing);
        self.acknowledge(id);
    }

    /// Ends in the store what was rejected, if it is there as it came.
    fn withdraw(&mut self, id: Id) {
        let fails = self.fails();
        if (!fails || self.random.one_in(3)) && self.store.get(&id) == Some(&self.live[&id].inserted) {
            let record = TaskRecord::clone(&self.live[&id].ledger);
            self.store.insert(id, record);
        }
        self.on(id, Event::Stored(!fails));
    }

    fn put(&mut self, id: Id) {
        let fails = self.fails();
        // A store that fails may have done it.
        if !fails || self.random.one_in(3) {
            let record = TaskRecord::clone(&self.live[&id].ledger);
            self.write(id, record);
        }
        if !fails {
            self.live.get_mut(&id).unwrap().note_kept();
        }
        let event = self.interruption(id).unwrap_or(Event::Stored(!fails));
        self.on(id, event);
    }

    pub(super) fn write(&mut self, id: Id, record: TaskRecord) {
        let Some(kept) = self.store.get_mut(&id) else {
            return self.broke(format!("task {id} was never inserted"));
        };
        if !kept.task.status.is_terminal() {
            if record.attempts < kept.attempts {
                self.seen.get_mut(&id).unwrap().returned += 1;
            }
            *kept = record;
        } else if kept.task.status != record.task.status || kept.task.result != record.task.result {
            self.broke(format!("the end of task {id} was changed"));
        } else {
            kept.settled |= record.settled;
        }
    }

    fn run(&mut self, id: Id) {
        if self.live[&id].canceled && !self.live[&id].runs {
            return self.on(id, Event::Canceled);
        }
        if !std::mem::replace(&mut self.live.get_mut(&id).unwrap().runs, true) {
            self.begins(id);
            return;
        }
        if self.asks(id) && !(self.stopping && self.random.one_in(2)) {
            return;
        }
        if self.live[&id].step != Step::Run {
            return;
        }
        self.numbers += 1;
        let event = match self.random.below(4) {
            _ if self.live[&id].canceled => Event::Canceled,
            _ if self.live[&id].asking.is_some() => Event::CutOff,
            0 if self.stopping => Event::CutOff,
            1 => Event::Ended(Err(Box::new(TaskError::new("task_error", "a test")))),
            _ => Event::Ended(Ok(self.numbers.into())),
        };
        self.on(id, event);
    }

    /// A handler begins.
    fn begins(&mut self, id: Id) {
        let attempts = self.live[&id].ledger.attempts;
        let stored = self.store.get(&id).map_or(0, |record| record.attempts);
        let seen = self.seen.get_mut(&id).unwrap();
        seen.runs += 1;
        let (runs, returned, told) = (seen.runs, seen.returned, !seen.results.is_empty() && !seen.exempt);
        let canceled = seen.canceled;
        if attempts == 0 || stored != attempts {
            self.broke(format!("attempt {attempts} at task {id} began, and the store knows {stored}"));
        } else if !promise(id).again && runs > 1 {
            self.broke(format!("task {id} began twice"));
        } else if runs > promise(id).attempts + returned {
            self.broke(format!("task {id} began {runs} times"));
        } else if told {
            self.broke(format!("task {id} began after its end was told"));
        } else if canceled {
            self.broke(format!("task {id} began after its cancel was acknowledged"));
        }
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
}
