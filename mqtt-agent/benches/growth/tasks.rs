//! Durable tasks: in flight, and left by an earlier process.

use std::sync::Arc;
use std::time::Duration;

use mqtt_agent::Limits;
use mqtt_agent::a2a::{NewTask, SqliteStore, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use tokio::task::JoinSet;

use crate::probe::{Measure, Probe, Site};

/// Gives its number back.
#[skill]
async fn give_back(number: u64) -> u64 {
    number
}

/// Never ends.
#[skill]
async fn stay() {
    std::future::pending().await
}

pub(crate) async fn in_flight(size: usize, site: Site) -> Vec<Measure> {
    let folder = tempfile::tempdir().expect("a folder");
    let store = async |name: &str| SqliteStore::open(folder.path().join(name)).await.expect("a store");
    let limits = Limits::default().with_task_queue(2 * size);
    let worker =
        Agent::new("worker").skills(skills![give_back]).store(store("worker.db").await).limits(limits);
    let _worker = worker.start(site.options()).await.expect("it starts");
    let client = Client::builder().store(store("boss.db").await);
    let client = client.connect(site.options().id("boss")).await.expect("a client");
    let probe = Probe::begin(site, None);
    let mut given = JoinSet::new();
    for number in 0..size as u64 {
        let client = client.clone();
        given.spawn(async move {
            let task = NewTask::skill("give_back").data(&json!({"number": number}));
            let mut task = client.delegate("worker", task).returning::<u64>().await.expect("it is given");
            assert_eq!(task.result().await.expect("a result"), number);
        });
    }
    while let Some(task) = given.join_next().await {
        task.expect("it ends");
    }
    vec![probe.end("all given at once, until all ended; both sides")]
}

pub(crate) async fn waiting(size: usize, site: Site) -> Vec<Measure> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tasks.db");
    let store = Arc::new(SqliteStore::open(&file).await.expect("a store"));
    let probe = Probe::begin(site, None);
    for first in (0..size).step_by(1000) {
        let mut inserts = JoinSet::new();
        for number in first..size.min(first + 1000) {
            let store = Arc::clone(&store);
            inserts.spawn(async move {
                let task = json!({
                    "task_id": format!("t-{number}"), "from": "boss", "type": "stay", "status": "submitted",
                    "messages": [{"role": "user", "content": "x".repeat(300), "timestamp": "2026-01-01T00:00:00Z"}],
                });
                let record = TaskRecord::new(mqtt_agent::serde_json::from_value(task).expect("a task"));
                store.insert(TaskSide::Executor, record).await.expect("room");
            });
        }
        inserts.join_all().await;
    }
    let stored = probe.end("stored, 1,000 at once");
    drop(store);
    let mut opened = SqliteStore::open(&file).await;
    // The one before is closed by its thread.
    while opened.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        opened = SqliteStore::open(&file).await;
    }
    let agent = Agent::new("worker").skills(skills![stay]).store(opened.expect("a store"));
    let agent = agent.limits(Limits::default().with_task_queue(2 * size).with_grace(Duration::ZERO));
    let probe = Probe::begin(site, None);
    let _running = agent.start(site.options()).await.expect("it starts");
    vec![stored, probe.end("start() with them")]
}
