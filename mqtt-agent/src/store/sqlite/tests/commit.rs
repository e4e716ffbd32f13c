//! A COMMIT that fails: the log is written by it, so a limit for the size of files makes it fail.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::process::Stdio;

use futures_util::future::join_all;
use tokio::process::Command;
use tokio::time::timeout;

use super::work::hold;
use super::*;

const PATH: &str = "MQTT_AGENT_TEST_LIMITED_STORE";
const DEADLINE: Duration = Duration::from_secs(60);
const RECORDS: usize = 200;

/// Run by the test below in a process of its own, whose files may have 400 KiB: inserts more than fits into the log, all
/// in one batch, and prints what becomes of each.
#[tokio::test]
#[ignore = "a part of another test"]
async fn child() {
    let Ok(path) = std::env::var(PATH) else { return };
    let store = SqliteStore::open(path).await.unwrap();
    let release = hold(&store).await;
    let insert = |number: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut task = record(&format!("t-{number}"));
            task.task.title = "x".repeat(5_000);
            (number, store.insert(TaskSide::Executor, task).await)
        })
    };
    let inserts: Vec<_> = (0..RECORDS).map(insert).collect();
    tokio::task::yield_now().await;
    drop(release);
    for result in join_all(inserts).await {
        match result.unwrap() {
            (number, Ok(None)) => println!("\nkept t-{number}"),
            (number, Err(StoreError::Unavailable { .. } | StoreError::Full { .. })) => {
                println!("\nfailed t-{number}");
            }
            (number, other) => panic!("{number}: {other:?}"),
        }
    }
    // It can still be read, and says the same.
    for id in ids(&store).await {
        println!("\nreads {id}");
    }
    store.close().await;
    println!("\nclosed");
}

#[tokio::test]
async fn where_a_commit_fails_each_gets_an_outcome_of_its_own_that_the_file_confirms() {
    let (_directory, path) = place();
    let name = concat!(module_path!(), "::child");
    let name = name.split_once("::").unwrap().1;
    // In 512 bytes each. Where the signal is not ignored it ends the process.
    let limited = r#"trap '' XFSZ; ulimit -f 800; exec "$0" --exact "$1" --ignored --nocapture"#;
    let mut command = Command::new("sh");
    command.args(["-c", limited]).arg(std::env::current_exe().unwrap()).arg(name).env(PATH, &path);
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(DEADLINE, child).await.expect("it ends").unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let told = |what: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.strip_prefix(what)).map(str::to_owned).collect()
    };
    let (kept, failed, read) = (told("kept "), told("failed "), told("reads "));
    assert!(!kept.is_empty() && !failed.is_empty(), "{} kept, {} failed", kept.len(), failed.len());
    assert_eq!(kept.len() + failed.len(), RECORDS);
    assert_eq!(read, kept);
    assert!(text.lines().any(|line| line == "closed"), "{text}");

    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(BTreeSet::from_iter(ids(&store).await), kept);
    let check = |file: &rusqlite::Connection| {
        file.query_row("PRAGMA integrity_check", (), |row| row.get::<_, String>(0))
    };
    assert_eq!(store.on_file(check).await.unwrap(), "ok");
    store.close().await;
    println!("of {RECORDS} in one batch {} were stored and {} failed", kept.len(), failed.len());
}

#[tokio::test]
async fn nobody_else_gets_a_lock_that_a_commit_could_wait_for() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    for statement in ["BEGIN IMMEDIATE", "SELECT count(*) FROM tasks"] {
        let error = other.execute_batch(statement).unwrap_err();
        assert!(super::super::failure::is_busy(&error), "{statement}: {error}");
    }
    assert_eq!(store.insert(TaskSide::Executor, record("a")).await, Ok(None));
    drop(other);
    assert_eq!(store.insert(TaskSide::Executor, record("b")).await, Ok(None));
    assert_eq!(ids(&store).await, ["a", "b"]);
    store.close().await;
}
