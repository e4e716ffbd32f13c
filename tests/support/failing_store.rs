//! A task store that fails when a test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mqtt_agent::a2a::{MemoryStore, Retention, StoreError, StoreFuture, TaskRecord, TaskSide, TaskStore};

/// How a store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// With an error.
    Error,
    /// With a panic.
    Panic,
}

/// A store in memory that says it is durable, and fails on command. Clones are one store, as for a process that starts
/// again.
#[derive(Debug, Clone, Default)]
pub struct FailingStore {
    store: Arc<MemoryStore>,
    inserts: Arc<AtomicBool>,
    updates: Arc<AtomicBool>,
    panics: Arc<AtomicBool>,
    failed: Arc<AtomicUsize>,
}

impl FailingStore {
    /// Whether inserting fails from now on.
    pub fn fail_inserts(&self, fail: bool) {
        self.inserts.store(fail, Ordering::SeqCst);
    }

    /// Whether updating fails from now on.
    pub fn fail_updates(&self, fail: bool) {
        self.updates.store(fail, Ordering::SeqCst);
    }

    /// How it fails.
    pub fn fail_with(&self, failure: Failure) {
        self.panics.store(failure == Failure::Panic, Ordering::SeqCst);
    }

    /// How many operations have failed.
    pub fn failed(&self) -> usize {
        self.failed.load(Ordering::SeqCst)
    }

    /// What is kept of a task.
    pub async fn kept(&self, side: TaskSide, id: &str) -> Option<TaskRecord> {
        self.store.get(side, id).await.unwrap()
    }

    fn fails(&self, which: &AtomicBool) -> Option<StoreError> {
        if !which.load(Ordering::SeqCst) {
            return None;
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "a test wants the store to panic");
        Some(StoreError::Unavailable { reason: "a test wants it to fail".to_owned() })
    }
}

impl TaskStore for FailingStore {
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        Box::pin(async move {
            match self.fails(&self.inserts) {
                Some(error) => Err(error),
                None => self.store.insert(side, record).await,
            }
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        self.store.get(side, task_id)
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            match self.fails(&self.updates) {
                Some(error) => Err(error),
                None => self.store.update(side, record).await,
            }
        })
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        self.store.open(side, after, limit)
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        self.store.prune(retention)
    }
}
