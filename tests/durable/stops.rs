//! Agents that stop and start again: what they hand over, and what they do not do twice.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask, SqliteStore, TaskUpdateError};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use mqtt_agent::{Limits, Task};
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use serde_json::json;
use support::{RawPeer, eventually, json, on_each_broker, soon};

use crate::delegator::Gate;

/// Must not run twice.
#[skill(on_crash = "fail", concurrency = 1)]
async fn once(State(gate): State<Gate>) -> usize {
    gate.run().await
}

/// May run twice.
#[skill]
async fn again(State(gate): State<Gate>) -> usize {
    gate.run().await
}

/// Asks its name.
#[skill]
async fn meet(task: Task) -> Result<String, TaskUpdateError> {
    Ok(format!("attempt {}: {}", task.attempt(), task.ask("Name?").await?.text()))
}

fn worker(gate: &Gate) -> Agent {
    let limits = Limits::default().with_grace(Duration::from_millis(100));
    named("worker", gate).limits(limits)
}

fn named(id: &str, gate: &Gate) -> Agent {
    Agent::new(id).skills(skills![once, again, meet]).state(gate.clone())
}

/// The agent's store, once it is free.
async fn store(folder: &Path) -> SqliteStore {
    let path = folder.join("tasks.db");
    eventually("the store is free", || async { SqliteStore::open(&path).await.ok() }).await
}

/// Begins to stop, and comes back when no new work is begun.
async fn begin(stopping: &mut std::pin::Pin<&mut impl Future<Output = ()>>) {
    tokio::select! {
        biased;
        () = stopping => panic!("it has work"),
        () = std::future::ready(()) => {}
    }
}

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/peer/results";

on_each_broker! {
    async fn a2a_15_a_task_that_must_not_run_twice_fails_when_a_stop_cuts_it_off(broker) {
        let folder = tempfile::tempdir().unwrap();
        let gate = Gate::new();
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut begun = client.delegate("worker", NewTask::skill("once")).await.unwrap();
        gate.until(1).await;
        let mut waits = client.delegate("worker", NewTask::skill("once")).await.unwrap();
        assert_eq!(soon(waits.next()).await.unwrap().state, TaskState::Submitted);
        running.stop().await;
        let cut_off = soon(begun.result()).await.unwrap_err();
        assert!(matches!(&cut_off, DelegateError::Failed(error) if error.code.as_deref() == Some("stopping")), "{cut_off:?}");
        // The one that had not begun is handed over.
        gate.open(1);
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        assert_eq!(soon(waits.result()).await.unwrap(), 2);
        assert_eq!(gate.runs(), 2);
        running.stop().await;
    }

    async fn a2a_15_nothing_new_begins_while_an_agent_stops_and_nothing_is_lost(broker) {
        for (id, durable) in [("forgetful", false), ("worker", true)] {
            let folder = tempfile::tempdir().unwrap();
            let gate = Gate::new();
            let agent = named(id, &gate);
            let first = match durable {
                true => agent.clone().store(store(folder.path()).await),
                false => agent.clone(),
            };
            let running = first.start(&broker.url()).await.unwrap();
            let client = Client::connect(&broker.url()).await.unwrap();
            let mut begun = client.delegate(id, NewTask::skill("again")).await.unwrap();
            gate.until(1).await;
            let mut stopping = pin!(running.stop());
            begin(&mut stopping).await;
            let mut late = client.delegate(id, NewTask::skill("again")).await.unwrap();
            gate.open(1);
            // What runs is finished, within its grace.
            let (result, ()) = soon(async { tokio::join!(begun.result(), stopping) }).await;
            assert_eq!(result.unwrap(), 1);
            assert_eq!(gate.runs(), 1);
            let second = match durable {
                true => agent.clone().store(store(folder.path()).await),
                false => agent,
            };
            gate.open(1);
            let running = second.start(&broker.url()).await.unwrap();
            assert_eq!(soon(late.result()).await.unwrap(), 2);
            assert_eq!(gate.runs(), 2);
            running.stop().await;
            client.close().await;
        }
    }

    async fn a2a_12_what_is_said_while_the_agent_is_down_reaches_its_tasks(broker) {
        let folder = tempfile::tempdir().unwrap();
        let gate = Gate::new();
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut asks = client.delegate("worker", NewTask::skill("meet")).await.unwrap();
        while soon(asks.next()).await.unwrap().state != TaskState::InputRequired {}
        let mut unwanted = client.delegate("worker", NewTask::skill("again")).await.unwrap();
        gate.until(1).await;
        running.stop().await;
        asks.send("Ada").await.unwrap();
        unwanted.cancel().await.unwrap();
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        assert_eq!(soon(asks.result()).await.unwrap(), "attempt 1: Ada");
        assert_eq!(soon(unwanted.ended()).await.unwrap().status, TaskState::Canceled);
        running.stop().await;
    }

    async fn a2a_14_the_next_process_has_the_results_of_the_one_before(broker) {
        let folder = tempfile::tempdir().unwrap();
        let gate = Gate::new();
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        gate.open(1);
        let task = json!({"task_id": "t", "from": "peer", "type": "again", "prompt": ""}).to_string();
        let refused = json!({"task_id": "r", "from": "peer", "type": "unheard-of", "prompt": ""}).to_string();
        peer.publish(INBOX, task.clone(), PublishProperties::default()).await;
        let first = json(&peer.next(RESULTS).await);
        assert_eq!((&first["task_id"], &first["result"]), (&json!("t"), &json!(1)));
        peer.publish(INBOX, refused.clone(), PublishProperties::default()).await;
        assert_eq!(json(&peer.next(RESULTS).await)["status"], "rejected");
        running.stop().await;
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        for again in [task, r#"{"task_id": "t", "from": "peer"}"#.to_owned()] {
            peer.publish(INBOX, again, PublishProperties::default()).await;
            assert_eq!(json(&peer.next(RESULTS).await), first);
        }
        peer.publish(INBOX, refused, PublishProperties::default()).await;
        assert_eq!(json(&peer.next(RESULTS).await)["status"], "rejected");
        assert_eq!(gate.runs(), 1);
        running.stop().await;
    }
}

#[cfg(feature = "peers")]
mod configured {
    use super::*;

    /// A result that the broker does not let through is not given up.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a2a_14_a_result_that_was_denied_is_sent_when_it_is_asked_for_where_it_may_go() {
        let acl = "topic readwrite #\ntopic deny a2a/v1/tasks/peer/results\n";
        let broker = support::TestBroker::configured_with("acl_file {dir}/acl", &[("acl", acl)]).await;
        let folder = tempfile::tempdir().unwrap();
        let gate = Gate::new();
        gate.open(1);
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let task = json!({"task_id": "t", "from": "peer", "type": "again", "prompt": ""}).to_string();
        peer.publish(INBOX, task, PublishProperties::default()).await;
        gate.until(1).await;
        running.stop().await;
        {
            use mqtt_agent::a2a::{TaskSide, TaskStore};
            let store = store(folder.path()).await;
            let record = store.get(TaskSide::Executor, "t").await.unwrap().unwrap();
            assert_eq!((record.task.status, record.settled), (TaskState::Completed, false));
            store.close().await;
        }
        let running = worker(&gate).store(store(folder.path()).await).start(&broker.url()).await.unwrap();
        peer.subscribe("a2a/v1/tasks/t/result").await;
        let again = json!({"task_id": "t", "from": "peer"}).to_string();
        peer.publish(INBOX, again, support::reply_to("a2a/v1/tasks/t/result", b"t")).await;
        assert_eq!(json(&peer.next("a2a/v1/tasks/t/result").await)["result"], 1);
        assert_eq!(gate.runs(), 1);
        running.stop().await;
    }
}
