//! Real processes, ended with SIGKILL.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use mqtt_agent::a2a::{AgentChange, DelegateError, NewTask, SqliteStore};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::json;
use support::{on_each_broker, soon};
use tokio::process::Child;

use crate::process::{self, runs, serving};

const TASKS: u64 = 200;

/// Starts the worker, and waits until it serves.
async fn worker(url: &str, folder: &Path) -> Child {
    serving(process::worker(url, folder)).await
}

/// A moment between 50 and 400 ms from now.
fn moment() -> Duration {
    Duration::from_millis(50 + RandomState::new().hash_one(()) % 350)
}

on_each_broker! {
    async fn two_hundred_tasks_end_once_each_though_the_agent_is_killed_five_times_and_the_broker_once(broker) {
        let folder = tempfile::tempdir().unwrap();
        let mut child = worker(&broker.url(), folder.path()).await;
        let store = SqliteStore::open(folder.path().join("delegator.db")).await.unwrap();
        let client = Client::builder().store(store).connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let mut results = client.results().await.unwrap();
        let mut given = HashMap::new();
        for number in 0..TASKS {
            let task = NewTask::skill("work").data(&json!({"number": number}));
            given.insert(client.delegate("worker", task).await.unwrap().id().to_owned(), number);
        }
        for round in 0..5 {
            // The kill is meant to come at any moment; no event could be waited for.
            tokio::time::sleep(moment()).await;
            child.kill().await.unwrap();
            if round == 2 {
                broker.kill().await;
                broker.start().await;
            }
            child = worker(&broker.url(), folder.path()).await;
        }
        let mut ended = HashMap::new();
        for _ in 0..TASKS {
            let task = tokio::time::timeout(Duration::from_secs(60), results.next()).await;
            let task = task.unwrap_or_else(|_| panic!("only {} of {TASKS} ended", ended.len())).unwrap();
            assert_eq!(task.status, TaskState::Completed, "{task:?}");
            let number = given[task.task_id.as_str()];
            assert_eq!(task.result, Some(json!(number)));
            assert!(ended.insert(task.task_id.as_str().to_owned(), ()).is_none(), "{} ended twice", task.task_id);
        }
        let more = tokio::time::timeout(Duration::from_secs(1), results.next()).await;
        assert!(more.is_err(), "one more end: {more:?}");
        let runs = runs(folder.path());
        println!("{TASKS} tasks, each ended once; handlers began {} times", runs.len());
        assert!(runs.len() >= TASKS as usize);
        // At most what was cut off five times, by a limit of eight at once.
        assert!(runs.len() <= TASKS as usize + 5 * 8, "{} runs", runs.len());
        child.kill().await.unwrap();
    }

    async fn a_task_that_must_not_run_twice_fails_when_its_agent_is_killed(broker) {
        let folder = tempfile::tempdir().unwrap();
        let mut child = worker(&broker.url(), folder.path()).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", NewTask::skill("once")).await.unwrap();
        while soon(task.next()).await.unwrap().state != TaskState::Working {}
        support::eventually("it runs", || async { (runs(folder.path()) == ["once"]).then_some(()) }).await;
        child.kill().await.unwrap();
        child = worker(&broker.url(), folder.path()).await;
        let failed = soon(task.result()).await.unwrap_err();
        assert!(matches!(&failed, DelegateError::Failed(error) if error.code.as_deref() == Some("crashed")), "{failed:?}");
        assert_eq!(runs(folder.path()), ["once"]);
        child.kill().await.unwrap();
    }

    async fn a_killed_agent_leaves_after_its_will_delay_and_not_before(broker) {
        let folder = tempfile::tempdir().unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        let mut child = worker(&broker.url(), folder.path()).await;
        assert!(matches!(soon(changes.next()).await, Some(AgentChange::Joined(_))));
        // Back within the delay: nothing shows.
        child.kill().await.unwrap();
        let mut child = worker(&broker.url(), folder.path()).await;
        let quiet = tokio::time::timeout(Duration::from_secs(4), changes.next()).await;
        assert!(quiet.is_err(), "{quiet:?}");
        let killed = Instant::now();
        child.kill().await.unwrap();
        let left = soon(changes.next()).await;
        assert_eq!(left, Some(AgentChange::Left("worker".to_owned())));
        assert!(killed.elapsed() > Duration::from_millis(900), "brokers count whole seconds: {:?}", killed.elapsed());
    }

    async fn a_result_that_comes_after_the_delegator_restarted_finds_its_owner(broker) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("delegator.db");
        let first = SqliteStore::open(&path).await.unwrap();
        let client = Client::builder().store(first).connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let task = NewTask::skill("work").data(&json!({"number": 7}));
        // Nobody serves it yet: an agent that was there once keeps its inbox.
        let mut child = worker(&broker.url(), folder.path()).await;
        child.kill().await.unwrap();
        let id = client.delegate("worker", task).await.unwrap().id().to_owned();
        client.close().await;

        let second = support::eventually("the store is free", || async { SqliteStore::open(&path).await.ok() }).await;
        let _child = worker(&broker.url(), folder.path()).await;
        let client = Client::builder().store(second).connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let mut results = client.results().await.unwrap();
        let task = soon(results.next()).await.unwrap();
        assert_eq!((task.task_id.as_str(), task.result), (id.as_str(), Some(json!(7))));
        client.close().await;
    }
}
