//! What it takes to take up what an earlier process left in its store.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_agent::Limits;
use mqtt_agent::a2a::{SqliteStore, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use support::TestBroker;
use tokio::task::JoinSet;

/// Never ends.
#[skill]
async fn stay() {
    std::future::pending().await
}

/// The most memory that this process had, and what it has now, in MB.
fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (of("VmHWM"), of("VmRSS"))
}

const TASKS: u32 = 100_000;

/// Opens a store that an earlier process left, with that many tasks of one side.
async fn left(folder: &Path, side: TaskSide) -> SqliteStore {
    let store = Arc::new(SqliteStore::open(folder.join("tasks.db")).await.unwrap());
    for first in (0..TASKS).step_by(1000) {
        let mut inserts = JoinSet::new();
        for number in first..first + 1000 {
            let store = Arc::clone(&store);
            inserts.spawn(async move {
                let task = json!({
                    "task_id": format!("t-{number}"), "from": "boss", "to": "worker", "type": "stay", "status": "submitted",
                    "messages": [{"role": "user", "content": "x".repeat(300), "timestamp": "2026-01-01T00:00:00Z"}],
                });
                let mut record = TaskRecord::new(serde_json::from_value(task).unwrap());
                record.sent = side == TaskSide::Delegator;
                store.insert(side, record).await.unwrap();
            });
        }
        inserts.join_all().await;
    }
    drop(store);
    support::eventually("the store is free", || async {
        SqliteStore::open(folder.join("tasks.db")).await.ok()
    })
    .await
}

/// Prints what it took, and holds the memory to its limit.
fn took(before: u64, began: Instant) {
    let started = began.elapsed();
    let (most, now) = resident();
    let more = now.saturating_sub(before);
    println!("{TASKS} tasks: started after {started:?}, {more} MB more than before, {most} MB at most");
    assert!(more < 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures; run it by itself, in release"]
async fn a_hundred_thousand_tasks_of_an_earlier_process() {
    let (broker, folder) = (TestBroker::embedded().await, tempfile::tempdir().unwrap());
    let store = left(folder.path(), TaskSide::Executor).await;
    let ((_, before), began) = (resident(), Instant::now());
    let limits = Limits::default().with_grace(Duration::ZERO);
    let agent = Agent::new("worker").skills(skills![stay]).store(store).limits(limits);
    let agent = agent.start(&broker.url()).await.unwrap();
    took(before, began);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures; run it by itself, in release"]
async fn a_hundred_thousand_tasks_that_an_earlier_process_delegated() {
    let (broker, folder) = (TestBroker::embedded().await, tempfile::tempdir().unwrap());
    let store = left(folder.path(), TaskSide::Delegator).await;
    let ((_, before), began) = (resident(), Instant::now());
    let options = ConnectOptions::new(broker.url()).id("boss");
    let client = Client::builder().store(store).connect(options).await.unwrap();
    took(before, began);
    client.close().await;
}
