//! The records that a killed process leaves.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::*;

const PATH: &str = "MQTT_AGENT_TEST_STORE";
const ROUND: &str = "MQTT_AGENT_TEST_ROUND";
const DEADLINE: Duration = Duration::from_secs(60);

/// Run by the tests below in a process of its own: writes until it is killed, and prints what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a part of other tests"]
async fn child() {
    let (Ok(path), Ok(round)) = (std::env::var(PATH), std::env::var(ROUND)) else { return };
    let store = SqliteStore::open(path).await.unwrap();
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let (store, round) = (store.clone(), round.clone());
            tokio::spawn(async move {
                for number in 0.. {
                    let id = format!("{round}-{writer}-{number}");
                    let mut task = record(&id);
                    task.task.title = "x".repeat(500);
                    assert_eq!(store.insert(TaskSide::Executor, task).await, Ok(None));
                    println!("kept {id}");
                    if number % 3 == 0 {
                        assert_eq!(store.update(TaskSide::Executor, ended(&id)).await, Ok(true));
                        println!("ended {id}");
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

fn start(path: &std::path::Path, round: usize) -> (Child, BufReader<ChildStdout>) {
    let name = concat!(module_path!(), "::child");
    let name = name.split_once("::").unwrap().1;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(PATH, path)
        .env(ROUND, round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// The next whole line that says what was acknowledged; `None` at the end.
async fn acknowledged(output: &mut BufReader<ChildStdout>) -> Option<String> {
    loop {
        let mut line = String::new();
        timeout(DEADLINE, output.read_line(&mut line)).await.unwrap().unwrap();
        let line = line.strip_suffix('\n')?;
        if line.starts_with("kept ") || line.starts_with("ended ") {
            return Some(line.to_owned());
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_sigkill() {
    let (_directory, path) = place();
    let mut all = Vec::new();
    for round in 0..5 {
        let (mut child, mut output) = start(&path, round);
        for _ in 0..fastrand::usize(1..400) {
            all.push(acknowledged(&mut output).await.unwrap());
        }
        child.start_kill().unwrap();
        while let Some(line) = acknowledged(&mut output).await {
            all.push(line);
        }
        assert!(!child.wait().await.unwrap().success());

        // The lock went with the process.
        let store = SqliteStore::open_with(path.clone(), impatient()).await.unwrap();
        for line in &all {
            let (what, id) = line.split_once(' ').unwrap();
            let kept = store.get(TaskSide::Executor, id).await.unwrap();
            let kept = kept.unwrap_or_else(|| panic!("`{id}` is lost in round {round}"));
            assert!(what == "kept" || kept.task.status.is_terminal(), "`{id}` has not ended");
        }
        let check = |file: &rusqlite::Connection| {
            file.query_row("PRAGMA integrity_check", (), |row| row.get::<_, String>(0))
        };
        assert_eq!(store.on_file(check).await.unwrap(), "ok");
        store.close().await;
    }
    println!("{} acknowledged changes in 5 processes, none lost", all.len());
}

#[tokio::test]
async fn another_process_is_refused_until_the_first_one_is_gone() {
    let (_directory, path) = place();
    let (mut child, mut output) = start(&path, 0);
    acknowledged(&mut output).await.unwrap();
    let error = in_use(SqliteStore::open_with(path.clone(), impatient()).await);
    assert!(error.contains("is open elsewhere"), "{error}");
    acknowledged(&mut output).await.unwrap();
    child.start_kill().unwrap();
    child.wait().await.unwrap();
    SqliteStore::open_with(path, impatient()).await.unwrap().close().await;
}
