//! What it takes to take up what an earlier process left in its store.

use std::time::Instant;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures; run it by itself, in release"]
async fn a_hundred_thousand_tasks_of_an_earlier_process() {
    const TASKS: u32 = 100_000;
    let broker = TestBroker::embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("tasks.db")).await.unwrap();
    let store = std::sync::Arc::new(store);
    for first in (0..TASKS).step_by(1000) {
        let mut inserts = JoinSet::new();
        for number in first..first + 1000 {
            let store = std::sync::Arc::clone(&store);
            inserts.spawn(async move {
                let task = json!({
                    "task_id": format!("t-{number}"), "from": "boss", "type": "stay", "status": "submitted",
                    "messages": [{"role": "user", "content": "x".repeat(300), "timestamp": "2026-01-01T00:00:00Z"}],
                });
                let record = TaskRecord::new(serde_json::from_value(task).unwrap());
                store.insert(TaskSide::Executor, record).await.unwrap();
            });
        }
        inserts.join_all().await;
    }
    drop(store);
    let (_, before) = resident();
    let store = support::eventually("the store is free", || async {
        SqliteStore::open(folder.path().join("tasks.db")).await.ok()
    })
    .await;
    let began = Instant::now();
    let limits = Limits::default().with_grace(std::time::Duration::ZERO);
    let agent = Agent::new("worker")
        .skills(skills![stay])
        .store(store)
        .limits(limits)
        .start(&broker.url())
        .await
        .unwrap();
    let started = began.elapsed();
    let (most, now) = resident();
    println!(
        "{TASKS} tasks: started after {started:?}, {} MB more than before, {most} MB at most",
        now - before
    );
    assert!(now - before < 100);
    agent.stop().await;
}
