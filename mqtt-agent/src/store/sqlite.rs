//! [`SqliteStore`]: a task store in a file. `worker` has the thread that owns the file, `open` opens the file,
//! `private` sets its permissions, `migrations` has its schema, `rows` the statements, and `aside` the unreadable
//! records.

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

/// Stores tasks in a SQLite file (feature `sqlite`, which builds SQLite and needs a C compiler).
///
/// Acknowledged data is on the disk: each commit is synced (write-ahead log, `synchronous = FULL`), so it survives a
/// crash of the process or the system and a power loss, if the disk honors syncs. Operations that wait at the same time
/// are committed together with one sync; each succeeds or fails individually.
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
/// A dedicated thread works on the file, and commits all operations that wait in one transaction. That a result was sent
/// is committed with the next operation, after 5 ms at most. When the last clone of the store is dropped, the thread
/// finishes queued operations and ends; [`close`](Self::close) waits for that.
///
/// The file belongs to one store at a time: it is locked until the store is closed or its process ends, even by a
/// crash. The file has a format version: a later version of this crate upgrades an older file when opening it, and an
/// earlier version refuses it. On Unix the file and its companion files are readable by their owner only (mode 0600);
/// opening an existing file removes other permissions.
///
/// A record that cannot be read, because it is damaged or a later version wrote it, is set aside: it stays unchanged,
/// [`set_aside`](Self::set_aside) and the log report it, and the other records are used. Reading it by its id, or
/// inserting a task of that id, gives [`StoreError::Unreadable`].
///
/// Agents and clients [prune](TaskStore::prune) the store once a minute: ended records are removed after 7 days, or if
/// there are more than 10,000 on their side ([`Retention`]).
///
/// Limits:
///
/// - The locks are those of the file system. If they do not work, as on some network file systems, two processes can
///   corrupt the file. On Unix a process loses its locks if it opens and closes the file outside the store, for example
///   to copy it: copy the file from another process, or after closing the store.
/// - While the store is open, and after a crash, there is a file `tasks.db-wal` beside `tasks.db`. Always move or copy
///   both.
/// - [`prune`](TaskStore::prune) frees space in the file for later records; it does not shrink the file.
/// - A record whose JSON nests deeper than 127 levels could not be read back, so writing it fails with
///   [`StoreError::Unstorable`].
#[derive(Clone)]
pub struct SqliteStore {
    worker: Worker,
    path: Arc<Path>,
    settings: Arc<Settings>,
    /// The number of the next change. It is assigned on the writing thread, so the numbers have the order of the
    /// changes.
    changes: Arc<AtomicI64>,
    aside: Arc<Aside>,
}

impl SqliteStore {
    /// Opens the file, or creates it; its directory has to exist. If another process has the file open, waits up to two
    /// seconds.
    ///
    /// # Errors
    ///
    /// No error changes the version or the tasks of the file.
    ///
    /// - [`StoreError::Unavailable`]: it cannot be read or written.
    /// - [`StoreError::InUse`]: it is open elsewhere, in this process or another.
    /// - [`StoreError::Full`]: the disk is full.
    /// - [`StoreError::Unreadable`]: it is not a task store, or is damaged. Damage beyond its first pages is reported
    ///   by the operation that reads it.
    /// - [`StoreError::LaterVersion`]: a later version of this crate wrote it.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(path.into(), Settings::default()).await
    }

    async fn open_with(path: PathBuf, settings: Settings) -> Result<Self, StoreError> {
        let settings = Arc::new(settings);
        let opening = (path.clone(), settings.clone());
        let (worker, first) =
            Worker::start(settings.company, move || open::open(&opening.0, &opening.1)).await?;
        let changes = Arc::new(AtomicI64::new(first));
        Ok(Self { worker, path: path.into(), settings, changes, aside: Arc::default() })
    }

    /// Finishes queued operations, closes the file and waits for that. Later operations on it and on its clones fail
    /// with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.worker.stop().await;
    }

    /// The records that could not be read since the file was opened: damaged ones, and those of a later version. Each
    /// is logged as an error when it is found; open records of agents and clients are found at start. They stay in the
    /// file unchanged, and each start tries them again.
    #[must_use]
    pub fn set_aside(&self) -> Vec<SetAside> {
        self.aside.all()
    }

    fn record(&self, side: TaskSide, kept: Kept) -> Result<TaskRecord, StoreError> {
        let id = kept.task_id.clone();
        kept.record().map_err(|reason| self.aside.add(side, id, reason))
    }

    /// Reads so many records; those that cannot be read are passed over.
    fn page<F>(&self, side: TaskSide, limit: usize, read: F) -> StoreFuture<'_, Vec<TaskRecord>>
    where
        F: Fn(&Connection, usize) -> rusqlite::Result<Vec<Kept>> + Clone + Send + 'static,
    {
        Box::pin(async move {
            loop {
                // So many more, for those that are passed over. All of them at once: they are as they were at one time.
                let (aside, read) = (self.aside.count(), read.clone());
                let wanted = limit.saturating_add(aside);
                let kept = self.on_file(move |file| read(file, wanted)).await?;
                let ended = kept.len() < wanted;
                let records = kept.into_iter().filter_map(|kept| self.record(side, kept).ok());
                let records: Vec<_> = records.take(limit).collect();
                if ended || records.len() == limit || self.aside.count() == aside {
                    return Ok(records);
                }
            }
        })
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
            let update = move |file: &Connection| row.update(file, changes.fetch_add(1, Ordering::Relaxed));
            // An agent goes on when it has sent a result; that this was done is one of its updates that nobody waits for.
            match side == TaskSide::Executor && record.settled {
                true => self.worker.run_idle(update).await.map_err(|failure| failure.of(&self.path)),
                false => self.on_file(update).await,
            }
        })
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        let after = after.map(str::to_owned);
        self.page(side, limit, move |file, wanted| rows::open(file, side, after.as_deref(), wanted))
    }

    fn of_sender<'a>(
        &'a self,
        side: TaskSide,
        from: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        let (from, after) = (from.to_owned(), after.map(str::to_owned));
        self.page(side, limit, move |file, wanted| {
            rows::of_sender(file, side, &from, after.as_deref(), wanted)
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
