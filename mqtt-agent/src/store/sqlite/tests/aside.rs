//! Records that cannot be read.

use rusqlite::Connection;

use super::*;

/// A file with so many open tasks of each side, `t-0` and on, of which the executor's at these places cannot be read.
async fn damaged(path: &std::path::Path, count: usize, damage: &[(usize, &str)]) -> SqliteStore {
    let store = SqliteStore::open(path).await.unwrap();
    for number in 0..count {
        for side in [TaskSide::Executor, TaskSide::Delegator] {
            store.insert(side, record(&format!("t-{number}"))).await.unwrap();
        }
    }
    store.close().await;
    let file = Connection::open(path).unwrap();
    for (number, sql) in damage {
        let statement =
            format!("UPDATE tasks SET record = {sql} WHERE side = 'executor' AND task_id = 't-{number}'");
        assert_eq!(file.execute(&statement, ()).unwrap(), 1);
    }
    drop(file);
    SqliteStore::open(path).await.unwrap()
}

/// What is in the file of the executor's task.
fn in_file(path: &std::path::Path, id: &str) -> Vec<u8> {
    let file = Connection::open(path).unwrap();
    let sql = "SELECT CAST(record AS BLOB) FROM tasks WHERE side = 'executor' AND task_id = ?1";
    file.query_row(sql, [id], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_set_aside_and_reported_and_the_others_are_given() {
    let (_directory, path) = place();
    let of_another = serde_json::to_string(&record("other")).unwrap();
    let damage = [
        (0, "'no JSON'".to_owned()),
        (2, "'{}'".to_owned()),
        // Text that is no UTF-8.
        (3, "CAST(x'ff00fe' AS TEXT)".to_owned()),
        (4, format!("'{of_another}'")),
    ];
    let damage: Vec<_> = damage.iter().map(|(number, sql)| (*number, sql.as_str())).collect();
    let store = damaged(&path, 6, &damage).await;
    assert_eq!(store.set_aside(), [], "nothing was read yet");
    assert_eq!(ids(&store).await, ["t-1", "t-5"]);
    let aside: Vec<_> = store.set_aside().into_iter().map(|aside| (aside.task_id, aside.reason)).collect();
    assert_eq!(aside.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["t-0", "t-2", "t-3", "t-4"]);
    assert!(aside[0].1.contains("its record is no task: expected ident at line 1"), "{}", aside[0].1);
    assert_eq!(aside[3].1, "its record is of the task `other`");
    // Each side by itself.
    assert_eq!(store.open(TaskSide::Delegator, None, 10).await.unwrap().len(), 6);
    store.close().await;
    // The next start tries them again, so one that a later version wrote is there for that.
    let file = Connection::open(&path).unwrap();
    let good = serde_json::to_string(&record("t-0")).unwrap();
    file.execute("UPDATE tasks SET record = ?1 WHERE side = 'executor' AND task_id = 't-0'", [good]).unwrap();
    drop(file);
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(ids(&store).await, ["t-0", "t-1", "t-5"]);
    store.close().await;
}

#[tokio::test]
async fn pages_are_full_though_records_are_passed_over() {
    let (_directory, path) = place();
    let damage: Vec<_> = (0..20).filter(|number| number % 3 != 0).map(|number| (number, "'{}'")).collect();
    let store = damaged(&path, 20, &damage).await;
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.open(TaskSide::Executor, after.as_deref(), 3).await.unwrap();
        all.extend(page.iter().map(|record| record.task.task_id.to_string()));
        let Some(last) = page.last() else { break };
        assert!(page.len() == 3 || last.task.task_id.as_str() == "t-18", "{all:?}");
        after = Some(last.task.task_id.to_string());
    }
    assert_eq!(all, ["t-0", "t-3", "t-6", "t-9", "t-12", "t-15", "t-18"]);
    store.close().await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_an_error_for_who_asks_for_it_and_is_not_overwritten() {
    let (_directory, path) = place();
    let store = damaged(&path, 2, &[(0, "'no JSON'")]).await;
    let side = TaskSide::Executor;
    let errors = [
        store.insert(side, record("t-0")).await.map(drop),
        store.get(side, "t-0").await.map(drop),
        store.update(side, ended("t-0")).await.map(drop),
    ];
    for error in errors.map(unreadable) {
        assert!(error.contains("task `t-0`: its record is no task"), "{error}");
    }
    assert_eq!(store.set_aside().len(), 1);
    store.prune(&Default::default()).await.unwrap();
    store.update(side, ended("t-1")).await.unwrap();
    store.close().await;
    assert_eq!(in_file(&path, "t-0"), b"no JSON");
}

#[tokio::test]
async fn a_task_that_has_the_id_of_one_that_was_removed_is_new() {
    let (_directory, path) = place();
    let store = damaged(&path, 1, &[(0, "'no JSON'")]).await;
    unreadable(store.get(TaskSide::Executor, "t-0").await);
    store.on_file(|file| file.execute("DELETE FROM tasks", ())).await.unwrap();
    assert_eq!(store.insert(TaskSide::Executor, record("t-0")).await, Ok(None));
    assert_eq!(store.update(TaskSide::Executor, ended("t-0")).await, Ok(true));
    assert_eq!(store.set_aside(), []);
    store.close().await;
}
