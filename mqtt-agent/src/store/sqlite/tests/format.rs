//! The versions of the file.

use rusqlite::Connection;

use super::*;
use crate::store::sqlite::migrations::MIGRATIONS;

/// A file of version 1, as version 0.1 of the crate writes it. It never changes, whatever the schema becomes.
const VERSION_1: &str = r#"
    CREATE TABLE tasks (
        number INTEGER PRIMARY KEY,
        side TEXT NOT NULL,
        task_id TEXT NOT NULL,
        ended INTEGER NOT NULL,
        open INTEGER NOT NULL,
        change INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        record TEXT NOT NULL,
        UNIQUE (side, task_id)
    ) STRICT;
    CREATE INDEX tasks_open ON tasks (side, number) WHERE open = 1;
    CREATE INDEX tasks_ended ON tasks (side, change, changed_at) WHERE ended = 1;
    CREATE INDEX tasks_change ON tasks (change);
    INSERT INTO tasks VALUES
        (1, 'executor', 'running', 0, 1, 1, 1795420800000,
         '{"task":{"task_id":"running","status":"working","messages":[{"role":"user","content":"hi","timestamp":""}]}}'),
        (2, 'executor', 'settled', 1, 0, 3, 1795420800000,
         '{"task":{"task_id":"settled","status":"completed","result":3},"attempts":2}'),
        (3, 'delegator', 'running', 0, 1, 2, 1795420800000,
         '{"task":{"task_id":"running","status":"submitted"},"reply_topic":"r","correlation":[0,255]}');
    PRAGMA application_id = 1093812596;
    PRAGMA user_version = 1;
"#;

fn fixture(path: &std::path::Path) {
    Connection::open(path).unwrap().execute_batch(VERSION_1).unwrap();
}

fn version(path: &std::path::Path) -> i64 {
    let file = Connection::open(path).unwrap();
    file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_file_of_version_1_is_read() {
    let (_directory, path) = place();
    fixture(&path);
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(ids(&store).await, ["running"]);
    let running = store.get(TaskSide::Executor, "running").await.unwrap().unwrap();
    assert_eq!(running.task.messages[0].text(), "hi");
    let settled = store.get(TaskSide::Executor, "settled").await.unwrap().unwrap();
    assert!(settled.settled && settled.attempts == 2 && settled.task.result == Some(3.into()));
    let delegated = store.get(TaskSide::Delegator, "running").await.unwrap().unwrap();
    assert_eq!(delegated.correlation, Some(vec![0, 255]));
    store.close().await;
    assert_eq!(version(&path), MIGRATIONS.len() as i64);
}

#[tokio::test]
async fn an_older_file_is_brought_up_to_date_once() {
    const LATER: &[&str] = &[
        MIGRATIONS[0],
        MIGRATIONS[1],
        "ALTER TABLE tasks ADD COLUMN note TEXT",
        "UPDATE tasks SET note = 'new'",
    ];
    let (_directory, path) = place();
    fixture(&path);
    for _ in 0..2 {
        let settings = Settings { migrations: LATER, ..Settings::default() };
        let store = SqliteStore::open_with(path.clone(), settings).await.unwrap();
        assert_eq!(ids(&store).await, ["running"]);
        store.close().await;
        assert_eq!(version(&path), 4);
    }
    let file = Connection::open(&path).unwrap();
    let notes: i64 =
        file.query_row("SELECT count(*) FROM tasks WHERE note = 'new'", (), |row| row.get(0)).unwrap();
    assert_eq!(notes, 3);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_version_and_the_tasks_of_before() {
    const BROKEN: &[&str] = &[
        MIGRATIONS[0],
        MIGRATIONS[1],
        "ALTER TABLE tasks ADD COLUMN note TEXT",
        "DELETE FROM tasks; INSERT INTO nowhere VALUES (1)",
    ];
    let (_directory, path) = place();
    fixture(&path);
    let settings = Settings { migrations: BROKEN, ..Settings::default() };
    let error = unavailable(SqliteStore::open_with(path.clone(), settings).await);
    assert!(error.contains("no such table: nowhere"), "{error}");
    // Of the steps before the one that fails there is nothing either: the earlier program opens it.
    assert_eq!(version(&path), 1);
    let rows = |path| {
        let file = Connection::open(path).unwrap();
        let number = |sql: &str| file.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
        let columns = number("SELECT count(*) FROM pragma_table_info('tasks')");
        (number("SELECT count(*) FROM tasks"), columns, number("SELECT count(*) FROM sqlite_schema"))
    };
    let (_directory, before) = place();
    fixture(&before);
    assert_eq!(rows(&path), rows(&before));
}

#[tokio::test]
async fn a_later_version_is_refused_and_stays_as_it_is() {
    let (_directory, path) = place();
    fixture(&path);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 1000).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = later_version(SqliteStore::open(&path).await);
    assert!(
        error.contains("has version 1000, and this program knows versions up to 3; run the later program"),
        "{error}"
    );
    assert!(std::fs::read(&path).unwrap() == before);
}

#[tokio::test]
async fn no_operation_looks_at_every_row() {
    let (_directory, path) = place();
    SqliteStore::open(&path).await.unwrap().close().await;
    let file = Connection::open(&path).unwrap();
    let plan = |sql: &str| -> String {
        let mut statement = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = statement.query_map((), |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    };
    let open =
        "SELECT record FROM tasks WHERE side = 'a' AND open = 1 AND number > 3 ORDER BY number LIMIT 9";
    assert_eq!(plan(open), "SEARCH tasks USING INDEX tasks_open (side=? AND number>?)");
    let of_sender =
        "SELECT record FROM tasks WHERE side = 'a' AND sender = 'b' AND number > 3 ORDER BY number LIMIT 9";
    assert_eq!(plan(of_sender), "SEARCH tasks USING INDEX tasks_sender (side=? AND sender=? AND number>?)");
    let get = "SELECT record FROM tasks WHERE side = 'a' AND task_id = 'b'";
    assert!(plan(get).starts_with("SEARCH tasks USING INDEX sqlite_autoindex_tasks_1"), "{}", plan(get));
    let surplus =
        "SELECT number FROM tasks WHERE side = 'a' AND ended = 1 ORDER BY change DESC LIMIT -1 OFFSET 9";
    assert_eq!(plan(surplus), "SEARCH tasks USING COVERING INDEX tasks_ended (side=?)");
    let old = "DELETE FROM tasks WHERE side = 'a' AND ended = 1 AND changed_at <= 7";
    assert!(plan(old).contains("tasks_ended (side=?)"), "{}", plan(old));
}

#[tokio::test]
async fn what_changed_in_a_later_process_is_later() {
    let (_directory, path) = place();
    fixture(&path);
    // The fixture's own change has the number 3.
    for id in ["a", "b"] {
        let store = SqliteStore::open(&path).await.unwrap();
        store.insert(TaskSide::Executor, ended(id)).await.unwrap();
        store.close().await;
    }
    let store = SqliteStore::open(&path).await.unwrap();
    let left = async |count| {
        let retention = crate::a2a::Retention::default().with_age(Duration::MAX).with_count(count);
        store.prune(&retention).await.unwrap();
        let mut left = Vec::new();
        for id in ["settled", "a", "b"] {
            if store.get(TaskSide::Executor, id).await.unwrap().is_some() {
                left.push(id);
            }
        }
        left
    };
    assert_eq!(left(2).await, ["a", "b"]);
    assert_eq!(left(1).await, ["b"]);
    store.close().await;
}
