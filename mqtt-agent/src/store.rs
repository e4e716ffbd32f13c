//! Where tasks are kept: the contract ([`TaskStore`]) and what is kept ([`TaskRecord`]). The stores themselves are in
//! `memory` and `sqlite`.

mod clock;
#[cfg(any(test, feature = "broker"))]
pub(crate) mod conformance;
mod guarded;
mod memory;
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
use crate::shown::quoting;
use crate::wire::Task;

/// Whose record of a task it is. One agent may have both of one task: when it delegates to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskSide {
    /// Of the agent that works on it.
    Executor,
    /// Of whoever asked for it.
    Delegator,
}

impl TaskSide {
    /// As stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Executor => "executor",
            Self::Delegator => "delegator",
        }
    }
}

/// A task as it is kept.
///
/// It is one JSON object, so that a store need not know its fields: `serde_json::to_vec` and back. Fields that a later
/// version adds have defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskRecord {
    /// The task itself.
    pub task: Task,
    /// How often a handler began to work on it.
    #[serde(default)]
    pub attempts: u32,
    /// How many processes have taken it up again; counts where updates have to go on (`A2A-13`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub starts: u32,
    /// Whether whoever gave it does not want it any more; it has not ended yet.
    #[serde(default)]
    pub canceled: bool,
    /// On the delegator's side: whether the broker has it.
    #[serde(default)]
    pub sent: bool,
    /// On the delegator's side: whether the broker or the agent may have lost it since, so that it is sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// On the delegator's side: the replica that works on it, once one was heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// Whether nothing is left to do once it has ended: the result was sent, or on the delegator's side taken.
    #[serde(default)]
    pub settled: bool,
    /// Where the result goes; `None` where nobody wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_topic: Option<String>,
    /// What ties the result to its request, echoed byte for byte (`A2A-7`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Vec<u8>>,
    /// Whether updates are wanted (`A2A-13`).
    #[serde(default)]
    pub updates: bool,
    /// When it fails if it has not ended, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<i64>,
    /// The trace it belongs to (`SUB-13`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What tracing systems add for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl TaskRecord {
    /// A task of which nothing else is known yet.
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

    /// Whether something is left to do: it has not ended, or its result is not settled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.task.status.is_terminal() || !self.settled
    }
}

/// What is kept of tasks that ended. Tasks that have not ended are kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// How long one is kept after its last change. Default: 7 days.
    pub age: Duration,
    /// How many are kept of each side, the latest ones. Default: 10,000.
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

/// Why a store could not do what it was asked. What was kept before is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// There is no room for more. Reading goes on.
    #[error("the task store is full: {reason}; make room on its disk", reason = quoting(.reason))]
    Full {
        /// What is full.
        reason: String,
    },
    /// What is kept is damaged, or is not a store's.
    #[error("the task store holds what cannot be read: {reason}; put a good copy in its place, or take another file", reason = quoting(.reason))]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// A later version of the program wrote it.
    #[error("the task store is of a later version: {reason}; run the later program, or take another file", reason = quoting(.reason))]
    LaterVersion {
        /// Which one, and which is known.
        reason: String,
    },
    /// The record itself: it could not be read again. No later try makes a difference.
    #[error("the task store cannot keep this task: {reason}; nest its values less deeply", reason = quoting(.reason))]
    Unstorable {
        /// What is wrong with it.
        reason: String,
    },
}

/// What the operations of a store give.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Where tasks are kept.
///
/// A record is found by its side and its task's id. The contract:
///
/// - Each operation happens as a whole or not at all, also when the process dies, and operations that run at once
///   behave as if they ran one after the other.
/// - When an operation has returned `Ok`, later ones see it; on a durable store also those of a later process.
/// - A future that is dropped may or may not have had its effect.
/// - A task that has ended stays as it ended (`A2A-10`): see [`update`](Self::update).
/// - A record comes back equal to what was given: every field, numbers bit by bit. Ids are compared byte by byte. What
///   could not come back is refused with [`StoreError::Unstorable`].
/// - No operation blocks the thread that polls it.
///
/// A store belongs to one agent at a time.
///
/// An agent and a client take a panic in an operation, and one that does not end within 30 s, as
/// [`StoreError::Unavailable`].
///
/// [`MemoryStore`] and `SqliteStore` (feature `sqlite`) are such stores. `testing::check_task_store` (feature `broker`)
/// holds one of your own against this contract.
pub trait TaskStore: fmt::Debug + Send + Sync + 'static {
    /// Whether records outlive the process. What an agent cannot finish before it stops waits in a durable store for its
    /// next start; without one it fails.
    fn is_durable(&self) -> bool {
        true
    }

    /// Keeps a record whose task is new, and gives `None`. When one is kept under its id already that one is given, and
    /// nothing changes (`A2A-14`).
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>>;

    /// The record of a task.
    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>>;

    /// Puts a record in the place of the one that is kept; `false`, and nothing changes, when there is none. Of a task
    /// that has ended nothing changes but `settled`, which may become `true` (and gives `true` all the same). It stays
    /// where it is in the order of [`open`](Self::open).
    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool>;

    /// The records for which [`TaskRecord::is_open`], in the order in which they were inserted: those after the task
    /// `after`, or from the first one, `limit` at the most.
    ///
    /// `after` may have been closed since. Where it is not kept any more, because it was pruned, they are given from the
    /// first one again: some come twice, and none is passed over.
    ///
    /// One record that cannot be read keeps no other from its agent: the store sets it aside, which is to say that it
    /// reports it (a log line at the least), leaves it as it is and gives the others. Whoever asks for it by its id gets
    /// [`StoreError::Unreadable`].
    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>>;

    /// Removes the records of ended tasks that are older than the retention says or more than it says, settled or not,
    /// the oldest first by their last change, and gives how many those were. Age is told by when the store took the
    /// record's last change, not by the record's own times, which come from others; the clock is the system's, so a step
    /// of it makes records older or younger. Exactly as old as [`Retention::age`] is old enough.
    ///
    /// To be settled is a change; an [`update`](Self::update) that finds nothing to change is none. Which changes are the
    /// latest is their order, whatever the clock says. A task that comes again after its record was removed is new.
    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize>;
}

/// Shows that the store has a record: what the acknowledgement of a task's message rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored(());

impl Evidence for Stored {}

impl Stored {
    /// For a record that the store has given.
    pub(crate) fn read_back(_record: &TaskRecord) -> Self {
        Self(())
    }
}

/// What came of inserting a record.
pub(crate) enum Inserted {
    New(Stored),
    /// One of the same task was there already.
    Known(Box<TaskRecord>, Stored),
}

/// Inserts a record, and gives evidence of it.
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

/// Puts a record in the place of the one that is kept, and gives evidence of it. One that is kept no more, because it was
/// removed as too old or by hand, is owed to nobody.
pub(crate) async fn update(
    store: &dyn TaskStore,
    side: TaskSide,
    record: TaskRecord,
) -> Result<Stored, StoreError> {
    store.update(side, record).await.map(|_| Stored(()))
}
