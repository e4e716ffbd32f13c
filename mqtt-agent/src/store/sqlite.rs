//! [`SqliteStore`]: tasks that are kept in a file. The thread that owns the file is in `worker`, how it is opened in
//! `open`, who may read it in `private`, its schema in `migrations`, the statements in `rows`, and what cannot be read in
//! `aside`.

mod aside;
mod failure;
mod migrations;
mod open;
mod private;
mod rows;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::Connection;

use self::aside::Aside;
pub use self::aside::SetAside;
use self::open::Settings;
use self::rows::{Kept, Row};
use self::worker::Worker;
use super::{Retention, StoreError, StoreFuture, TaskRecord, TaskSide, TaskStore};

/// Keeps tasks in a SQLite file (feature `sqlite`, which builds SQLite and needs a C compiler for it).
///
/// What has been acknowledged is on the disk: each commit is synced (write-ahead log, `synchronous = FULL`), so it
/// survives the process, the system and a power loss, as far as the disk keeps what it says it has synced. Operations
/// that wait at the same time are committed together, with one sync for all of them; each succeeds or fails by itself.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mqtt_agent::a2a::{SqliteStore, TaskSide, TaskStore};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("tasks.db");
/// let store = SqliteStore::open(&path).await?;
/// assert!(store.get(TaskSide::Executor, "t-1").await?.is_none());
/// store.close().await;
/// # Ok(())
/// # }
/// ```
///
/// One thread of its own works on the file. When the last clone of the store is dropped, it does what was queued and
/// ends; [`close`](Self::close) waits for it.
///
/// The file belongs to one store at a time: it stays locked until the store is closed or its process is gone, however
/// that ended. Its format has a version: a later version of this crate brings an older file up to date when it opens
/// it, and an earlier one refuses it. On Unix its owner alone may read it and what is beside it (mode 0600): it is made
/// so, and an older one that others may read is closed to them when it is opened.
///
/// One record that cannot be read, because it was damaged or a later version wrote it, is set aside: it stays as it is,
/// [`set_aside`](Self::set_aside) and the log tell of it, and the others are given. Whoever asks for it by its id, or gives
/// a task of that id, gets [`StoreError::Unreadable`].
///
/// Ended records go when an agent or a client [prunes](TaskStore::prune) the store, once a minute: after 7 days, or when
/// there are more than 10,000 of their side ([`Retention`]).
///
/// Limits:
///
/// - The locks are the file system's. On one whose locks do not work, as some network file systems, two processes can
///   spoil the file. On Unix a process loses them when it opens and closes the file itself beside the store, as to copy
///   it: copy it from another process, or when the store is closed.
/// - Beside `tasks.db` there is `tasks.db-wal` while the store is open, and after a crash. It belongs to the file: move or
///   copy both or neither.
/// - [`prune`](TaskStore::prune) makes room in the file for later records; the file gets no smaller.
/// - A record whose JSON nests deeper than 127 levels could not be read again, so it is refused when it is written,
///   with [`StoreError::Unstorable`].
#[derive(Clone)]
pub struct SqliteStore {
    worker: Worker,
    path: Arc<Path>,
    settings: Arc<Settings>,
    /// The number of the next change. It is taken on the thread that writes, so that their order is that of the changes.
    changes: Arc<AtomicI64>,
    aside: Arc<Aside>,
}

impl SqliteStore {
    /// Opens the file, or makes it where there is none; its directory has to exist. Waits up to two seconds for whoever
    /// has the file open.
    ///
    /// # Errors
    ///
    /// None of them changes the file.
    ///
    /// - [`StoreError::Unavailable`]: it cannot be read or written.
    /// - [`StoreError::InUse`]: it is open elsewhere, in this process or another.
    /// - [`StoreError::Full`]: its disk has no room for it.
    /// - [`StoreError::Unreadable`]: it is no file of a store, or is damaged. Damage beyond its first pages is the error of
    ///   the operation that comes upon it.
    /// - [`StoreError::LaterVersion`]: a later version of this crate wrote it.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(path.into(), Settings::default()).await
    }

    async fn open_with(path: PathBuf, settings: Settings) -> Result<Self, StoreError> {
        let settings = Arc::new(settings);
        let opening = (path.clone(), settings.clone());
        let (worker, first) = Worker::start(move || open::open(&opening.0, &opening.1)).await?;
        let changes = Arc::new(AtomicI64::new(first));
        Ok(Self { worker, path: path.into(), settings, changes, aside: Arc::default() })
    }

    /// Does what was queued, closes the file and waits until that has happened. What is asked of it and of its clones
    /// afterwards gives [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.worker.stop().await;
    }

    /// The records that could not be read since the file was opened: damaged ones, and those of a later version. Each is
    /// logged as an error when it is come upon, an agent's and a client's open ones at the start. They stay in the file as
    /// they are, and each start tries them again.
    #[must_use]
    pub fn set_aside(&self) -> Vec<SetAside> {
        self.aside.all()
    }

    fn record(&self, side: TaskSide, kept: Kept) -> Result<TaskRecord, StoreError> {
        let id = kept.task_id.clone();
        kept.record().map_err(|reason| self.aside.add(side, id, reason))
    }

    async fn on_file<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.worker.run(work).await.map_err(|failure| failure.of(&self.path))
    }
}

impl TaskStore for SqliteStore {
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        Box::pin(async move {
            let row = Row::of(side, &record, self.settings.clock.now_ms())?;
            let changes = Arc::clone(&self.changes);
            let next = move || changes.fetch_add(1, Ordering::Relaxed);
            let kept = self.on_file(move |file| row.insert(file, next())).await?;
            if kept.is_none() {
                self.aside.remove(side, record.task.task_id.as_str());
            }
            kept.map(|kept| self.record(side, kept)).transpose()
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        Box::pin(async move {
            let id = task_id.to_owned();
            let kept = self.on_file(move |file| rows::get(file, side, &id)).await?;
            kept.map(|kept| self.record(side, kept)).transpose()
        })
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            self.aside.check(side, record.task.task_id.as_str())?;
            let row = Row::of(side, &record, self.settings.clock.now_ms())?;
            let changes = Arc::clone(&self.changes);
            let next = move || changes.fetch_add(1, Ordering::Relaxed);
            self.on_file(move |file| row.update(file, next())).await
        })
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        Box::pin(async move {
            loop {
                // So many more, for those that are passed over. All of them at once: they are as they were at one time.
                let (aside, after) = (self.aside.count(), after.map(str::to_owned));
                let wanted = limit.saturating_add(aside);
                let kept = self.on_file(move |file| rows::open(file, side, after.as_deref(), wanted)).await?;
                let ended = kept.len() < wanted;
                let records = kept.into_iter().filter_map(|kept| self.record(side, kept).ok());
                let records: Vec<_> = records.take(limit).collect();
                if ended || records.len() == limit || self.aside.count() == aside {
                    return Ok(records);
                }
            }
        })
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        Box::pin(async move {
            let before = self.settings.clock.before(retention.age);
            let count = retention.count;
            self.on_file(move |file| rows::prune(file, before, count)).await
        })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
