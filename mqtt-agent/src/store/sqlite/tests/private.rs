//! The permissions of the file and its companion files.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

/// The permissions of everything in a directory.
fn modes(directory: &Path) -> Vec<(String, u32)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mode = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)
    };
    let mut modes: Vec<_> = entries.map(mode).collect();
    modes.sort();
    modes
}

fn owners_alone(names: &[&str]) -> Vec<(String, u32)> {
    names.iter().map(|name| ((*name).to_owned(), 0o600)).collect()
}

#[tokio::test]
async fn the_file_and_its_log_are_readable_by_their_owner_alone() {
    let (directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    store.insert(TaskSide::Executor, record("a")).await.unwrap();
    assert_eq!(modes(directory.path()), owners_alone(&["tasks.db", "tasks.db-wal"]));
    store.close().await;
    assert_eq!(modes(directory.path()), owners_alone(&["tasks.db"]));
}

#[tokio::test]
async fn a_file_that_others_may_read_is_closed_to_them() {
    let (directory, path) = place();
    // As a crash leaves it: with its log.
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA application_id = {}; {} PRAGMA user_version = 1;",
        super::super::migrations::APPLICATION,
        super::super::migrations::MIGRATIONS[0]
    ))
    .unwrap();
    for name in ["tasks.db", "tasks.db-wal", "tasks.db-shm"] {
        fs::copy(directory.path().join(name), directory.path().join(format!("left-{name}"))).unwrap();
    }
    drop(file);
    for name in ["left-tasks.db", "left-tasks.db-wal", "left-tasks.db-shm"] {
        fs::set_permissions(directory.path().join(name), Permissions::from_mode(0o664)).unwrap();
    }
    fs::remove_file(&path).unwrap();
    let store = SqliteStore::open(directory.path().join("left-tasks.db")).await.unwrap();
    store.insert(TaskSide::Executor, record("a")).await.unwrap();
    assert!(modes(directory.path()).iter().all(|(_, mode)| *mode == 0o600), "{:?}", modes(directory.path()));
    store.close().await;
}

#[tokio::test]
async fn a_file_of_something_else_keeps_its_permissions() {
    let (directory, path) = place();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    unreadable(SqliteStore::open(&path).await);
    assert_eq!(modes(directory.path()), [("tasks.db".to_owned(), 0o644)]);
}
