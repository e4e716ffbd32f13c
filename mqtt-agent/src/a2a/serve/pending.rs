//! [`Pending`]: the tasks of an earlier process that this process has not resumed yet. It has only their ids; the
//! records are in the store. [`recover`](super::recover) resumes them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::serve::Admitted;
use crate::store::{Stored, TaskRecord};
use crate::wire::Identifier;

/// Whose places a task waits for: its skill's. `None` where its skill is gone.
pub(super) type Lane = Option<&'static str>;

/// Nothing changes the record of a task in here: a task is claimed before it is taken up, or read for that.
#[derive(Debug, Default)]
pub(super) struct Pending {
    tasks: Mutex<HashMap<Identifier, Waiting>>,
    /// A claim is over.
    changed: Notify,
}

#[derive(Debug)]
struct Waiting {
    lane: Lane,
    stored: Stored,
    deadline_ms: Option<i64>,
    /// It counts as in hand. `None` while somebody has it claimed.
    place: Option<Admitted>,
}

/// The right to take up a task. Dropped before that, it is given back.
#[derive(Debug)]
pub(super) struct Claim<'p> {
    pending: &'p Pending,
    task_id: Identifier,
    place: Option<Admitted>,
}

/// What came of claiming a task.
#[derive(Debug)]
pub(super) enum Claimed<'p> {
    Ours(Claim<'p>),
    /// Somebody else is about to take it up.
    Others,
    /// It is taken up, or was none of an earlier process.
    Gone,
}

impl Pending {
    /// The lock is held only for a moment, never across an await.
    fn tasks(&self) -> MutexGuard<'_, HashMap<Identifier, Waiting>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task whose record was read from the store; whether it was not in here.
    pub(super) fn add(&self, record: &TaskRecord, lane: Lane, place: Admitted) -> bool {
        match self.tasks().entry(record.task.task_id.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                let (stored, deadline_ms) = (Stored::read_back(record), record.deadline_ms);
                vacant.insert(Waiting { lane, stored, deadline_ms, place: Some(place) });
                true
            }
        }
    }

    /// Whether it is not taken up yet. One that is not in here any more is found among those in hand, unless it has ended
    /// there: so look here first.
    pub(super) fn contains(&self, task_id: &Identifier) -> bool {
        self.tasks().contains_key(task_id)
    }

    /// The evidence that the store has a task that is not taken up yet. Look here first, as with
    /// [`contains`](Self::contains).
    pub(super) fn stored(&self, task_id: &Identifier) -> Option<Stored> {
        self.tasks().get(task_id).map(|waiting| waiting.stored)
    }

    pub(super) fn claim(&self, task_id: &Identifier) -> Claimed<'_> {
        match self.tasks().get_mut(task_id) {
            None => Claimed::Gone,
            Some(waiting) => match waiting.place.take() {
                None => Claimed::Others,
                place => Claimed::Ours(Claim { pending: self, task_id: task_id.clone(), place }),
            },
        }
    }

    /// Waits until a task is not claimed by somebody else any more.
    pub(super) async fn settled(&self, task_id: &Identifier) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From before the look, so that no change is missed.
            changed.as_mut().enable();
            if self.tasks().get(task_id).is_none_or(|waiting| waiting.place.is_some()) {
                return;
            }
            changed.await;
        }
    }

    /// Those of a lane that nobody has claimed.
    pub(super) fn of(&self, lane: Lane) -> Vec<Identifier> {
        self.those(|waiting| waiting.lane == lane)
    }

    /// Those whose deadline has passed, and that nobody has claimed.
    pub(super) fn late(&self, now_ms: i64) -> Vec<Identifier> {
        self.those(|waiting| waiting.deadline_ms.is_some_and(|deadline| deadline <= now_ms))
    }

    /// Whether one of them has a deadline.
    pub(super) fn has_deadlines(&self) -> bool {
        self.tasks().values().any(|waiting| waiting.deadline_ms.is_some())
    }

    fn those(&self, which: impl Fn(&Waiting) -> bool) -> Vec<Identifier> {
        let tasks = self.tasks();
        let those = tasks.iter().filter(|(_, waiting)| waiting.place.is_some() && which(waiting));
        those.map(|(task_id, _)| task_id.clone()).collect()
    }
}

impl Claim<'_> {
    /// It is among those in hand, or is none that can be.
    pub(super) fn done(mut self) {
        self.place = None;
        self.pending.tasks().remove(&self.task_id);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let (Some(waiting), Some(place)) = (self.pending.tasks().get_mut(&self.task_id), self.place.take())
        {
            waiting.place = Some(place);
        }
        self.pending.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use futures_util::FutureExt;

    use super::*;
    use crate::serve::{Admission, Limits};
    use crate::wire::{Intent, TaskNotification};

    fn id(id: &str) -> Identifier {
        Identifier::parse(id).unwrap()
    }

    fn pending(tasks: &[(&str, Lane, Option<i64>)]) -> Pending {
        let (pending, admission) = (Pending::default(), Admission::new(Limits::default().task_capacity()));
        for (task, lane, deadline) in tasks {
            let task = TaskNotification::about(id(task), Intent::Task, "boss", "worker").into_task();
            let record = TaskRecord { deadline_ms: *deadline, ..TaskRecord::new(task) };
            pending.add(&record, *lane, admission.admit_promised(0));
        }
        pending
    }

    #[test]
    fn a_claim_is_one_persons_and_comes_back_when_it_is_dropped() {
        let pending = pending(&[("a", None, None)]);
        let Claimed::Ours(claim) = pending.claim(&id("a")) else { panic!("it is free") };
        assert!(matches!(pending.claim(&id("a")), Claimed::Others));
        assert!(pending.contains(&id("a")) && pending.of(None).is_empty());
        drop(claim);
        let Claimed::Ours(claim) = pending.claim(&id("a")) else { panic!("it is free again") };
        claim.done();
        assert!(matches!(pending.claim(&id("a")), Claimed::Gone));
        assert!(!pending.contains(&id("a")));
    }

    #[test]
    fn who_waits_for_a_claim_hears_of_its_end() {
        let (pending, a) = (pending(&[("a", None, None)]), id("a"));
        assert!(pending.settled(&a).now_or_never().is_some(), "nobody has it");
        for done in [false, true] {
            let Claimed::Ours(claim) = pending.claim(&id("a")) else { panic!("it is free") };
            let mut settled = Box::pin(pending.settled(&a));
            assert!((&mut settled).now_or_never().is_none());
            if done {
                claim.done()
            } else {
                drop(claim)
            }
            assert!(settled.now_or_never().is_some());
        }
    }

    #[test]
    fn what_is_late_and_what_is_of_a_lane_is_told() {
        let pending =
            pending(&[("a", Some("x"), Some(10)), ("b", Some("y"), Some(20)), ("c", Some("x"), None)]);
        assert!(pending.has_deadlines());
        assert_eq!(pending.late(10), [id("a")]);
        assert_eq!(pending.of(Some("y")), [id("b")]);
        assert_eq!(pending.of(Some("x")).len(), 2);
    }
}
