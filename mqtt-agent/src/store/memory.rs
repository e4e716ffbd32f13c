//! [`MemoryStore`]: tasks that are kept as long as the process lives.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::Clock;
use super::{Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};
use crate::wire::Identifier;

/// Keeps tasks in memory: they are gone when the process ends.
///
/// For agents whose tasks may be lost, and for tests. Whoever must not lose a task takes `SqliteStore` (feature
/// `sqlite`).
///
/// Every operation but [`prune`](TaskStore::prune) takes the same time however many records are kept, but for the
/// logarithm; `prune` looks at all that ended. Nothing but `prune` removes a record, so a store that is never pruned
/// grows.
#[derive(Default)]
pub struct MemoryStore {
    sides: Mutex<Sides>,
    clock: Clock,
}

#[derive(Default)]
struct Sides {
    executor: Side,
    delegator: Side,
}

#[derive(Default)]
struct Side {
    entries: HashMap<Identifier, Entry>,
    /// What is open, by the number of its insertion.
    open: BTreeMap<u64, Identifier>,
    /// What has ended, by the number of its last change.
    ended: BTreeMap<u64, Identifier>,
    last_number: u64,
    last_change: u64,
}

struct Entry {
    record: Arc<TaskRecord>,
    number: u64,
    change: u64,
    changed_at: i64,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(all(test, feature = "sqlite"))]
    pub(super) fn with_clock(clock: Clock) -> Self {
        Self { sides: Mutex::default(), clock }
    }

    fn sides(&self) -> MutexGuard<'_, Sides> {
        // Nothing that runs under the lock leaves a change half done, should it panic.
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing awaits under the lock.
    fn on<T>(&self, side: TaskSide, work: impl FnOnce(&mut Side) -> T) -> T {
        work(self.sides().of(side))
    }
}

impl Sides {
    fn of(&mut self, side: TaskSide) -> &mut Side {
        match side {
            TaskSide::Executor => &mut self.executor,
            TaskSide::Delegator => &mut self.delegator,
        }
    }
}

impl Side {
    fn kept(&self, task_id: &str) -> Option<Arc<TaskRecord>> {
        self.entries.get(task_id).map(|entry| entry.record.clone())
    }

    fn insert(&mut self, record: TaskRecord, now: i64) -> Option<Arc<TaskRecord>> {
        let id = record.task.task_id.clone();
        if let Some(kept) = self.kept(id.as_str()) {
            return Some(kept);
        }
        self.last_number += 1;
        self.put(id, record, self.last_number, now);
        None
    }

    fn update(&mut self, record: TaskRecord, now: i64) -> bool {
        let id = record.task.task_id.clone();
        let Some(entry) = self.entries.get(id.as_str()) else { return false };
        let kept = &entry.record;
        let number = entry.number;
        if !kept.task.status.is_terminal() {
            self.put(id, record, number, now);
        } else if record.settled && !kept.settled {
            let settled = TaskRecord { settled: true, ..TaskRecord::clone(kept) };
            self.put(id, settled, number, now);
        }
        true
    }

    /// Puts a record where it belongs, and takes it from where it was.
    fn put(&mut self, id: Identifier, record: TaskRecord, number: u64, now: i64) {
        self.last_change += 1;
        let change = self.last_change;
        if record.is_open() {
            self.open.insert(number, id.clone());
        } else {
            self.open.remove(&number);
        }
        if record.task.status.is_terminal() {
            self.ended.insert(change, id.clone());
        }
        let entry = Entry { record: Arc::new(record), number, change, changed_at: now };
        if let Some(before) = self.entries.insert(id, entry) {
            self.ended.remove(&before.change);
        }
    }

    fn open(&self, after: Option<&str>, limit: usize) -> Vec<Arc<TaskRecord>> {
        let after = after.and_then(|id| self.entries.get(id));
        let from = after.map_or(Bound::Unbounded, |entry| Bound::Excluded(entry.number));
        let ids = self.open.range((from, Bound::Unbounded)).map(|(_, id)| id.as_str());
        ids.filter_map(|id| self.kept(id)).take(limit).collect()
    }

    /// What was removed, so that it is dropped when the lock is free again.
    fn prune(&mut self, before: i64, count: usize) -> Vec<Entry> {
        let surplus = self.ended.len().saturating_sub(count);
        let mut removed = Vec::new();
        let mut kept = BTreeMap::new();
        for (position, (change, id)) in std::mem::take(&mut self.ended).into_iter().enumerate() {
            let old = self.entries.get(id.as_str()).is_none_or(|entry| entry.changed_at <= before);
            if position >= surplus && !old {
                kept.insert(change, id);
            } else if let Some(entry) = self.entries.remove(id.as_str()) {
                self.open.remove(&entry.number);
                removed.push(entry);
            }
        }
        self.ended = kept;
        removed
    }
}

impl TaskStore for MemoryStore {
    fn is_durable(&self) -> bool {
        false
    }

    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        Box::pin(async move {
            let now = self.clock.now_ms();
            Ok(self.on(side, |side| side.insert(record, now)).map(Arc::unwrap_or_clone))
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        Box::pin(async move { Ok(self.on(side, |side| side.kept(task_id)).map(Arc::unwrap_or_clone)) })
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let now = self.clock.now_ms();
            Ok(self.on(side, |side| side.update(record, now)))
        })
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        Box::pin(async move {
            let records = self.on(side, |side| side.open(after, limit));
            Ok(records.into_iter().map(Arc::unwrap_or_clone).collect())
        })
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        Box::pin(async move {
            let before = self.clock.before(retention.age);
            let removed = {
                let mut sides = self.sides();
                let mut removed = sides.executor.prune(before, retention.count);
                removed.extend(sides.delegator.prune(before, retention.count));
                removed
            };
            Ok(removed.len())
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides = self.sides();
        f.debug_struct("MemoryStore")
            .field("executor", &sides.executor.entries.len())
            .field("delegator", &sides.delegator.entries.len())
            .finish_non_exhaustive()
    }
}
