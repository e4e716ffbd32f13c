//! A task store that fails when a test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mqtt_agent::a2a::{MemoryStore, Retention, StoreError, StoreFuture, TaskRecord, TaskSide, TaskStore};
use tokio::sync::watch;

/// How a store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// With an error.
    Error,
    /// It says that what it has cannot be read.
    Unreadable,
    /// With a panic.
    Panic,
    /// It does nothing until it does not fail any more, and does it then.
    Stall,
}

/// A store in memory that says it is durable, and fails on command. Clones are one store, as for a process that starts
/// again.
#[derive(Debug, Clone)]
pub struct FailingStore {
    store: Arc<MemoryStore>,
    state: Arc<watch::Sender<State>>,
    failed: Arc<AtomicUsize>,
}

#[derive(Debug, Clone)]
struct State {
    spared: Vec<String>,
    inserts: bool,
    gets: bool,
    updates: bool,
    opens: bool,
    prunes: bool,
    how: Failure,
}

impl Default for FailingStore {
    fn default() -> Self {
        let none = false;
        let state = State {
            spared: Vec::new(),
            inserts: none,
            gets: none,
            updates: none,
            opens: none,
            prunes: none,
            how: Failure::Error,
        };
        Self { store: Arc::default(), state: Arc::new(watch::Sender::new(state)), failed: Arc::default() }
    }
}

impl FailingStore {
    /// Whether inserting fails from now on.
    pub fn fail_inserts(&self, fail: bool) {
        self.state.send_modify(|state| state.inserts = fail);
    }

    /// Whether looking up one task fails from now on.
    pub fn fail_gets(&self, fail: bool) {
        self.state.send_modify(|state| state.gets = fail);
    }

    /// Whether updating fails from now on.
    pub fn fail_updates(&self, fail: bool) {
        self.state.send_modify(|state| state.updates = fail);
    }

    /// Updates of this task do not fail.
    pub fn spare(&self, id: &str) {
        self.state.send_modify(|state| state.spared.push(id.to_owned()));
    }

    /// Whether listing what is open fails from now on.
    pub fn fail_opens(&self, fail: bool) {
        self.state.send_modify(|state| state.opens = fail);
    }

    /// Whether pruning fails from now on.
    pub fn fail_prunes(&self, fail: bool) {
        self.state.send_modify(|state| state.prunes = fail);
    }

    /// How it fails.
    pub fn fail_with(&self, failure: Failure) {
        self.state.send_modify(|state| state.how = failure);
    }

    /// How many operations have failed, or stalled.
    pub fn failed(&self) -> usize {
        self.failed.load(Ordering::SeqCst)
    }

    /// What is kept of a task.
    pub async fn kept(&self, side: TaskSide, id: &str) -> Option<TaskRecord> {
        self.store.get(side, id).await.unwrap()
    }

    async fn unless_it_fails(&self, fails: fn(&State) -> bool) -> Result<(), StoreError> {
        let how = {
            let state = self.state.borrow();
            if !fails(&state) {
                return Ok(());
            }
            state.how
        };
        self.failed.fetch_add(1, Ordering::SeqCst);
        match how {
            Failure::Error => Err(StoreError::Unavailable { reason: "a test wants it to fail".to_owned() }),
            Failure::Unreadable => {
                Err(StoreError::Unreadable { reason: "a test wants it to be damaged".to_owned() })
            }
            Failure::Panic => panic!("a test wants the store to panic"),
            Failure::Stall => {
                self.state.subscribe().wait_for(|state| !fails(state)).await.unwrap();
                Ok(())
            }
        }
    }
}

impl TaskStore for FailingStore {
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        Box::pin(async move {
            self.unless_it_fails(|state| state.inserts).await?;
            self.store.insert(side, record).await
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        Box::pin(async move {
            self.unless_it_fails(|state| state.gets).await?;
            self.store.get(side, task_id).await
        })
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let is_spared = self.state.borrow().spared.iter().any(|id| id == record.task.task_id.as_str());
            if !is_spared {
                self.unless_it_fails(|state| state.updates).await?;
            }
            self.store.update(side, record).await
        })
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        Box::pin(async move {
            self.unless_it_fails(|state| state.opens).await?;
            self.store.open(side, after, limit).await
        })
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        Box::pin(async move {
            self.unless_it_fails(|state| state.prunes).await?;
            self.store.prune(retention).await
        })
    }
}
