//! [`MemoryStore`]: a task store in memory.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::Clock;
use super::{Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};
use crate::json;
use crate::wire::Identifier;

/// The default limit of bytes of ended tasks on each side.
const ENDED_BYTES: usize = 128 << 20;

/// Stores tasks in memory. They are lost when the process ends.
///
/// For agents whose tasks may be lost, and for tests. If tasks must not be lost, use `SqliteStore` (feature `sqlite`).
///
/// Every operation takes logarithmic time, except [`prune`](TaskStore::prune), which looks at all ended tasks. Ended
/// tasks take at most 128 MiB on each side ([`with_ended_bytes`](Self::with_ended_bytes)): above that, the task that
/// ended first is removed, settled or not. Tasks that have not ended are never removed.
pub struct MemoryStore {
    sides: Mutex<Sides>,
    clock: Clock,
    ended_bytes: usize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { sides: Mutex::default(), clock: Clock::default(), ended_bytes: ENDED_BYTES }
    }
}

#[derive(Default)]
struct Sides {
    executor: Side,
    delegator: Side,
}

#[derive(Default)]
struct Side {
    entries: HashMap<Identifier, Entry>,
    /// Open tasks, by insertion number.
    open: BTreeMap<u64, Identifier>,
    /// Everything, by its delegator and the number of its insertion.
    senders: BTreeMap<(String, u64), Identifier>,
    /// Ended tasks, by the number of their last change.
    ended: BTreeMap<u64, Identifier>,
    last_number: u64,
    last_change: u64,
    /// The bytes of ended tasks.
    ended_bytes: usize,
}

struct Entry {
    record: Arc<TaskRecord>,
    number: u64,
    change: u64,
    changed_at: i64,
    /// The bytes in memory once the task has ended; 0 before.
    bytes: usize,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the memory of ended tasks on each side, in approximate bytes. The latest task is kept even if it is
    /// larger. Default: 128 MiB.
    #[must_use]
    pub fn with_ended_bytes(mut self, bytes: usize) -> Self {
        self.ended_bytes = bytes;
        self
    }

    #[cfg(all(test, feature = "sqlite"))]
    pub(super) fn with_clock(clock: Clock) -> Self {
        Self { clock, ..Self::default() }
    }

    fn sides(&self) -> MutexGuard<'_, Sides> {
        // Nothing that runs under the lock leaves a change half done, should it panic.
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock is never held across an await.
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
        self.senders.insert((record.task.from.clone(), self.last_number), id.clone());
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

    /// Moves a record to the right collection.
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
        let bytes = if record.task.status.is_terminal() { json::memory(&record) } else { 0 };
        self.ended_bytes = self.ended_bytes.saturating_add(bytes);
        let entry = Entry { record: Arc::new(record), number, change, changed_at: now, bytes };
        if let Some(before) = self.entries.insert(id, entry) {
            self.ended.remove(&before.change);
            self.ended_bytes = self.ended_bytes.saturating_sub(before.bytes);
        }
    }

    /// Removes the tasks that ended first until the others take at most `most` bytes; the latest stays. Returns the
    /// removed entries, so that they are dropped after the lock was released.
    fn shrink(&mut self, most: usize) -> Vec<Entry> {
        let mut removed = Vec::new();
        while self.ended_bytes > most && self.ended.len() > 1 {
            let Some((_, id)) = self.ended.pop_first() else { break };
            removed.extend(self.remove(&id));
        }
        removed
    }

    /// Removes an ended task from all collections except [`ended`](Self::ended).
    fn remove(&mut self, id: &Identifier) -> Option<Entry> {
        let entry = self.entries.remove(id.as_str())?;
        self.open.remove(&entry.number);
        self.senders.remove(&(entry.record.task.from.clone(), entry.number));
        self.ended_bytes = self.ended_bytes.saturating_sub(entry.bytes);
        Some(entry)
    }

    fn open(&self, after: Option<&str>, limit: usize) -> Vec<Arc<TaskRecord>> {
        let after = after.and_then(|id| self.entries.get(id));
        let from = after.map_or(Bound::Unbounded, |entry| Bound::Excluded(entry.number));
        let ids = self.open.range((from, Bound::Unbounded)).map(|(_, id)| id.as_str());
        ids.filter_map(|id| self.kept(id)).take(limit).collect()
    }

    fn of_sender(&self, from: &str, after: Option<&str>, limit: usize) -> Vec<Arc<TaskRecord>> {
        let after = after.and_then(|id| self.entries.get(id)).map_or(0, |entry| entry.number);
        let (first, last) = ((from.to_owned(), after.saturating_add(1)), (from.to_owned(), u64::MAX));
        let ids = self.senders.range(first..=last).map(|(_, id)| id.as_str());
        ids.filter_map(|id| self.kept(id)).take(limit).collect()
    }

    /// Returns the removed entries, so that they are dropped after the lock was released.
    fn prune(&mut self, before: i64, count: usize) -> Vec<Entry> {
        let surplus = self.ended.len().saturating_sub(count);
        let mut removed = Vec::new();
        let mut kept = BTreeMap::new();
        for (position, (change, id)) in std::mem::take(&mut self.ended).into_iter().enumerate() {
            let old = self.entries.get(id.as_str()).is_none_or(|entry| entry.changed_at <= before);
            if position >= surplus && !old {
                kept.insert(change, id);
            } else {
                removed.extend(self.remove(&id));
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
            let most = self.ended_bytes;
            let (kept, _removed) = self.on(side, |side| (side.insert(record, now), side.shrink(most)));
            Ok(kept.map(Arc::unwrap_or_clone))
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        Box::pin(async move { Ok(self.on(side, |side| side.kept(task_id)).map(Arc::unwrap_or_clone)) })
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let now = self.clock.now_ms();
            let most = self.ended_bytes;
            let (known, _removed) = self.on(side, |side| (side.update(record, now), side.shrink(most)));
            Ok(known)
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

    fn of_sender<'a>(
        &'a self,
        side: TaskSide,
        from: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        Box::pin(async move {
            let kept = self.on(side, |side| side.of_sender(from, after, limit));
            Ok(kept.into_iter().map(Arc::unwrap_or_clone).collect())
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::{Task, TaskState};

    fn record(id: &str, status: TaskState, result: Value) -> TaskRecord {
        let task = json!({"task_id": id, "status": status, "result": result});
        TaskRecord::new(serde_json::from_value::<Task>(task).unwrap())
    }

    #[tokio::test]
    async fn over_so_many_bytes_what_ended_first_goes_and_what_has_not_ended_stays() {
        let store = MemoryStore::new().with_ended_bytes(1 << 20);
        // A list of 100 kB that takes 2.4 MB in memory, and texts of 100 kB.
        let tree = || json!(vec![json!([]); 33_000]);
        let text = || json!("x".repeat(100_000));
        let side = TaskSide::Executor;
        for (id, status, result) in [
            ("open", TaskState::Working, tree()),
            ("first", TaskState::Completed, text()),
            ("large", TaskState::Completed, tree()),
        ] {
            store.insert(side, record(id, status, result)).await.unwrap();
        }
        let there = async |id: &str| store.get(side, id).await.unwrap().is_some();
        assert!(!there("first").await);
        assert!(there("large").await, "the latest is kept however large it is");
        for number in 0..20 {
            let id = number.to_string();
            store.insert(side, record(&id, TaskState::Working, Value::Null)).await.unwrap();
            store.update(side, record(&id, TaskState::Completed, text())).await.unwrap();
        }
        let mut kept = 0;
        for number in 0..20 {
            kept += usize::from(there(&number.to_string()).await);
        }
        assert_eq!(kept, 10);
        assert!(there("19").await && !there("9").await && !there("large").await);
        assert!(there("open").await);
        store.prune(&Retention::default().with_count(0)).await.unwrap();
        assert_eq!(store.on(side, |side| side.ended_bytes), 0);
    }
}
