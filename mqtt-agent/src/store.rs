//! The task store: its contract ([`TaskStore`]) and its records ([`TaskRecord`]). The implementations are in `memory`
//! and `sqlite`.

mod clock;
#[cfg(any(test, feature = "broker"))]
pub(crate) mod conformance;
mod guarded;
mod memory;
mod shared;
#[cfg(feature = "sqlite")]
mod sqlite;

pub(crate) use guarded::Guarded;
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SetAside, SqliteStore};

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::link::Evidence;
use crate::shown::{debug_as_display, quoting};
use crate::wire::Task;

/// The side that a task's record belongs to. An agent that delegates to itself has both records of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskSide {
    /// The record of the agent that works on the task.
    Executor,
    /// The record of the delegator.
    Delegator,
}

impl TaskSide {
    /// The name for use in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Executor => "executor",
            Self::Delegator => "delegator",
        }
    }
}

/// A stored task.
///
/// It serializes to one JSON object, so a store need not know its fields: use `serde_json::to_vec` and `from_slice`.
/// Fields that a later version adds have defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskRecord {
    /// The task itself.
    pub task: Task,
    /// The number of attempts that have begun.
    #[serde(default)]
    pub attempts: u32,
    /// How many processes have resumed it; used to continue the numbering of updates (`A2A-13`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub starts: u32,
    /// Whether the delegator cancelled it, and it has not ended yet.
    #[serde(default)]
    pub canceled: bool,
    /// At the delegator: whether the broker has accepted it.
    #[serde(default)]
    pub sent: bool,
    /// At the delegator: whether the broker or the agent may have lost it since, so that it has to be sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// At the delegator: the replica that works on it, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// Whether nothing is left to do after its end: the result was sent, or at the delegator taken.
    #[serde(default)]
    pub settled: bool,
    /// The topic for the result; `None` if no result is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_topic: Option<String>,
    /// The Correlation Data, which the result echoes byte for byte (`A2A-7`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Vec<u8>>,
    /// Whether updates are wanted (`A2A-13`).
    #[serde(default)]
    pub updates: bool,
    /// The deadline, in milliseconds since 1970; a task that has not ended by then fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<i64>,
    /// The trace it belongs to (`SUB-13`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The vendor-specific part of the trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl TaskRecord {
    /// The record of a new task.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self {
            task,
            attempts: 0,
            starts: 0,
            canceled: false,
            sent: false,
            lost: false,
            executor: None,
            settled: false,
            reply_topic: None,
            correlation: None,
            updates: false,
            deadline_ms: None,
            traceparent: None,
            tracestate: None,
        }
    }

    /// Whether it is open: it has not ended, or its result is not settled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.task.status.is_terminal() || !self.settled
    }
}

/// How long and how many ended tasks are kept. Tasks that have not ended are never removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// How long a task is kept after its last change. Default: 7 days.
    pub age: Duration,
    /// How many ended tasks are kept on each side; the latest are kept. Default: 10,000.
    pub count: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_secs(7 * 24 * 3600), count: 10_000 }
    }
}

impl Retention {
    /// Sets [`age`](Self::age).
    #[must_use]
    pub fn with_age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Sets [`count`](Self::count).
    #[must_use]
    pub fn with_count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }
}

/// The error of a store's operation. Stored records are unchanged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be read or written.
    #[error("the task store cannot be used: {reason}; check its file, its disk and who else uses it", reason = quoting(.reason))]
    Unavailable {
        /// What went wrong.
        reason: String,
    },
    /// Another store has it open, in this process or another.
    #[error("the task store is in use: {reason}; close the other one, or give this one a file of its own", reason = quoting(.reason))]
    InUse {
        /// What is in use.
        reason: String,
    },
    /// There is no space for more. Reading still works.
    #[error("the task store is full: {reason}; make room on its disk", reason = quoting(.reason))]
    Full {
        /// What is full.
        reason: String,
    },
    /// The data is damaged, or is not a task store.
    #[error("the task store holds what cannot be read: {reason}; put a good copy in its place, or take another file", reason = quoting(.reason))]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// A later version of the program wrote it.
    #[error("the task store is of a later version: {reason}; run the later program, or take another file", reason = quoting(.reason))]
    LaterVersion {
        /// The version found, and the version supported.
        reason: String,
    },
    /// The record could not be read back if it were stored. Retrying does not help.
    #[error("the task store cannot keep this task: {reason}; nest its values less deeply", reason = quoting(.reason))]
    Unstorable {
        /// What is wrong with it.
        reason: String,
    },
}

debug_as_display!(StoreError);

/// The future of a store's operation.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A store for tasks.
///
/// The side and the task's id identify a record. The contract:
///
/// - Operations are atomic, even if the process dies, and concurrent operations are serializable.
/// - When an operation has returned `Ok`, later operations see its effect; in a durable store also those of a later
///   process.
/// - If a future is dropped, its operation may or may not have taken effect.
/// - The end of a task never changes (`A2A-10`): see [`update`](Self::update).
/// - A record that is read equals the one that was stored: every field, and numbers bit by bit. Ids are compared byte
///   by byte. A record that could not be read back is refused with [`StoreError::Unstorable`].
/// - No operation blocks the thread that polls it.
///
/// A store belongs to one agent at a time. An `Arc` of a store is a store too, for a store that outlives its agent.
///
/// Agents and clients treat an operation that panics, or that takes longer than 30 s, as [`StoreError::Unavailable`].
///
/// [`MemoryStore`] and `SqliteStore` (feature `sqlite`) implement it. `testing::check_task_store` (feature `broker`)
/// checks a custom store against this contract.
pub trait TaskStore: fmt::Debug + Send + Sync + 'static {
    /// Whether records outlive the process. Tasks that an agent cannot finish before it stops wait in a durable store
    /// for the next start; in another store they fail.
    fn is_durable(&self) -> bool {
        true
    }

    /// Inserts the record of a new task, and returns `None`. If there already is a record with its id, returns that
    /// record and changes nothing (`A2A-14`).
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>>;

    /// Returns the record of a task.
    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>>;

    /// Replaces the stored record; returns `false` and changes nothing if there is none. For a task that has ended only
    /// `settled` can change, to `true`; other changes are ignored, and the result is still `true`. The record keeps its
    /// place in the order of [`open`](Self::open).
    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool>;

    /// Returns open records ([`TaskRecord::is_open`]) in the order of insertion: those after the task `after`, or from
    /// the first one, at most `limit`.
    ///
    /// `after` may have been closed in the meantime. If it was pruned, the records start from the first one again: some
    /// are returned twice, and none is skipped.
    ///
    /// An unreadable record does not block the others: the store sets it aside, that is, it reports it (at least in the
    /// log), leaves it unchanged and returns the others. Reading it by its id gives [`StoreError::Unreadable`].
    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>>;

    /// Returns the records of the tasks that `from` delegated, including ended and settled ones, in the order of
    /// insertion: those after the task `after`, or from the first one, at most `limit`. Removed and unreadable records
    /// are treated as in [`open`](Self::open).
    ///
    /// Used to answer queries (`A2A-16`). The default implementation finds only open records, by reading all of them;
    /// override it in a store of your own.
    fn of_sender<'a>(
        &'a self,
        side: TaskSide,
        from: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        Box::pin(async move {
            const PAGE: usize = 64;
            let (mut found, mut after) = (Vec::new(), after.map(str::to_owned));
            loop {
                let page = self.open(side, after.as_deref(), PAGE).await?;
                let is_last = page.len() < PAGE;
                after = page.last().map(|record| record.task.task_id.as_str().to_owned());
                found.extend(page.into_iter().filter(|record| record.task.from == from));
                if is_last || found.len() >= limit {
                    found.truncate(limit);
                    return Ok(found);
                }
            }
        })
    }

    /// Removes the records of ended tasks, settled or not, that exceed the retention's age or count, the oldest by
    /// their last change first, and returns how many were removed. The age counts from when the store wrote the
    /// record's last change, not from the record's own times, which come from peers; it follows the system's clock. A
    /// record whose age equals [`Retention::age`] is removed.
    ///
    /// Settling a record is a change; an [`update`](Self::update) without a difference is not. The order of changes
    /// decides which are the latest, not the clock. A task that is sent again after its record was removed is a new
    /// task.
    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize>;
}

/// Evidence that the store has a record, which is required to acknowledge a task's message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored(());

impl Evidence for Stored {}

impl Stored {
    /// The evidence for a record that was read from the store.
    pub(crate) fn read_back(_record: &TaskRecord) -> Self {
        Self(())
    }
}

/// The outcome of inserting a record.
pub(crate) enum Inserted {
    New(Stored),
    /// There is a record of this task already.
    Known(Box<TaskRecord>, Stored),
}

/// Inserts a record, and returns evidence of it.
pub(crate) async fn insert(
    store: &dyn TaskStore,
    side: TaskSide,
    record: TaskRecord,
) -> Result<Inserted, StoreError> {
    Ok(match store.insert(side, record).await? {
        None => Inserted::New(Stored(())),
        Some(existing) => Inserted::Known(Box::new(existing), Stored(())),
    })
}

/// Replaces the stored record, and returns evidence of it. If the record was removed, by pruning or by hand, that
/// counts as stored.
pub(crate) async fn update(
    store: &dyn TaskStore,
    side: TaskSide,
    record: TaskRecord,
) -> Result<Stored, StoreError> {
    store.update(side, record).await.map(|_| Stored(()))
}
