//! The guarantees of the SQLite store alone: the file, its format, its thread, and the same behavior as the store in
//! memory.

mod aside;
mod batch;
mod commit;
mod crash;
mod file;
mod format;
mod model;
mod private;
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

/// The text of an error, which has to be of that variant.
macro_rules! variant {
    ($($name:ident: $variant:ident,)*) => {$(
        fn $name<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
            match result {
                Err(error @ StoreError::$variant { .. }) => error.to_string(),
                other => panic!("{other:?}"),
            }
        }
    )*};
}
variant! {
    unavailable: Unavailable,
    in_use: InUse,
    full: Full,
    unreadable: Unreadable,
    later_version: LaterVersion,
    unstorable: Unstorable,
}
