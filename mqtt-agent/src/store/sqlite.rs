//! [`SqliteStore`]: tasks that are kept in a file. The thread that owns the file is in `worker`, how it is opened in
//! `open`, its schema in `migrations`, and the statements in `rows`.

mod failure;
mod migrations;
mod open;
mod rows;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use self::open::Settings;
use self::rows::Row;
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
/// it, and an earlier one refuses it.
///
/// Limits:
///
/// - The locks are the file system's. On one whose locks do not work, as some network file systems, two processes can
///   spoil the file. On Unix a process loses them when it opens and closes the file itself beside the store, as to copy
///   it: copy it from another process, or when the store is closed.
/// - Beside `tasks.db` there is `tasks.db-wal` while the store is open, and after a crash. It belongs to the file: move or
///   copy both or neither.
/// - [`prune`](TaskStore::prune) makes room in the file for later records; the file gets no smaller.
/// - A record whose JSON nests deeper than 127 levels could not be read again, so it is refused when it is written.
#[derive(Clone)]
pub struct SqliteStore {
    worker: Worker,
    path: Arc<Path>,
    settings: Arc<Settings>,
}

impl SqliteStore {
    /// Opens the file, or makes it where there is none; its directory has to exist. Waits up to two seconds for whoever
    /// has the file open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it cannot be read or written, or is open elsewhere, in this process or another;
    /// [`StoreError::Unreadable`] when it is no file of a store, is damaged, or is of a later version.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(path.into(), Settings::default()).await
    }

    async fn open_with(path: PathBuf, settings: Settings) -> Result<Self, StoreError> {
        let settings = Arc::new(settings);
        let opening = (path.clone(), settings.clone());
        let worker = Worker::start(move || open::open(&opening.0, &opening.1)).await?;
        Ok(Self { worker, path: path.into(), settings })
    }

    /// Does what was queued, closes the file and waits until that has happened. What is asked of it and of its clones
    /// afterwards gives [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.worker.stop().await;
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
            let kept = self.on_file(move |file| row.insert(file)).await?;
            kept.map(rows::Kept::record).transpose()
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        Box::pin(async move {
            let id = task_id.to_owned();
            let kept = self.on_file(move |file| rows::get(file, side, &id)).await?;
            kept.map(rows::Kept::record).transpose()
        })
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let row = Row::of(side, &record, self.settings.clock.now_ms())?;
            self.on_file(move |file| row.update(file)).await
        })
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        Box::pin(async move {
            let after = after.map(str::to_owned);
            let kept = self.on_file(move |file| rows::open(file, side, after.as_deref(), limit)).await?;
            kept.into_iter().map(rows::Kept::record).collect()
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
