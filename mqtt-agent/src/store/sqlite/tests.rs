//! What SQLite alone promises: the file, its format, its thread, and that it does the same as the store in memory.

mod crash;
mod file;
mod format;
mod model;
mod speed;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::SqliteStore;
use super::open::Settings;
use crate::a2a::{StoreError, TaskRecord, TaskSide, TaskStore as _};
use crate::wire::{Identifier, Task, TaskState};

/// A directory, and a file in it that is not there yet.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tasks.db");
    (directory, path)
}

/// Without waiting for who has the file.
fn impatient() -> Settings {
    Settings { patience: Duration::ZERO, ..Settings::default() }
}

fn record(id: &str) -> TaskRecord {
    TaskRecord::new(Task {
        task_id: Identifier::parse(id).unwrap(),
        from: "planner".to_owned(),
        to: "worker".to_owned(),
        kind: "count".to_owned(),
        title: String::new(),
        messages: Vec::new(),
        status: TaskState::Submitted,
        result: None,
        error: None,
        artifacts: Vec::new(),
        created_at: String::new(),
        updated_at: String::new(),
    })
}

fn ended(id: &str) -> TaskRecord {
    let mut record = record(id);
    record.task.status = TaskState::Completed;
    record
}

async fn ids(store: &SqliteStore) -> Vec<String> {
    let records = store.open(TaskSide::Executor, None, usize::MAX).await.unwrap();
    records.into_iter().map(|record| record.task.task_id.to_string()).collect()
}

fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Unavailable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn unreadable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Unreadable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}
