//! Delegators that end and start again.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use mqtt_agent::a2a::{NewTask, SqliteStore};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::json;
use support::{RawPeer, eventually, json, on_each_broker, soon};

use crate::delegator::Gate;

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/boss/results";

/// What becomes of the delegator's session when it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    Stays,
    Ends,
}

/// The delegator, once its store is free.
async fn boss(url: &str, folder: &Path, session: Session) -> Client {
    let path = folder.join("boss.db");
    let store = eventually("the store is free", || async { SqliteStore::open(&path).await.ok() }).await;
    let options = ConnectOptions::new(url).id("boss");
    let options = match session {
        Session::Stays => options,
        Session::Ends => options.session_expiry(Duration::ZERO),
    };
    Client::builder().store(store).connect(options).await.unwrap()
}

async fn next_task(peer: &mut RawPeer) -> String {
    json(&peer.next(INBOX).await)["task_id"].as_str().unwrap().to_owned()
}

on_each_broker! {
    async fn what_the_broker_may_have_lost_is_sent_again_and_nothing_else(broker) {
        let folder = tempfile::tempdir().unwrap();
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let mut sent = BTreeSet::new();
        // The session of the process before is there: its tasks are in the worker's inbox.
        for (text, session) in [("first", Session::Stays), ("second", Session::Ends)] {
            let client = boss(&broker.url(), folder.path(), session).await;
            let task = client.delegate("worker", text).await.unwrap();
            assert_eq!(next_task(&mut worker).await, task.id());
            sent.insert(task.id().to_owned());
            client.close().await;
        }
        let client = boss(&broker.url(), folder.path(), Session::Ends).await;
        let again = BTreeSet::from([next_task(&mut worker).await, next_task(&mut worker).await]);
        assert_eq!(again, sent);
        let marker = client.delegate("worker", "third").await.unwrap();
        assert_eq!(next_task(&mut worker).await, marker.id());
        client.close().await;
    }

    async fn a2a_12_a_task_that_is_sent_again_is_cancelled_again(broker) {
        let folder = tempfile::tempdir().unwrap();
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let card = json!({"agent_id": "worker", "features": ["intents"], "status": "online"});
        worker.retain("a2a/v1/agents/worker/card", card.to_string()).await;
        let client = boss(&broker.url(), folder.path(), Session::Ends).await;
        let task = client.delegate("worker", "work").await.unwrap();
        task.cancel().await.unwrap();
        let id = task.id().to_owned();
        drop(task);
        client.close().await;
        let client = boss(&broker.url(), folder.path(), Session::Ends).await;
        for intent in [json!(null), json!("cancel"), json!(null), json!("cancel")] {
            let sent = json(&worker.next(INBOX).await);
            assert_eq!((&sent["task_id"], &sent["intent"]), (&json!(id), &intent));
        }
        client.close().await;
    }

    async fn a_task_goes_back_to_the_replica_that_had_it_before_the_delegator_restarted(broker) {
        let folder = tempfile::tempdir().unwrap();
        let mut replica = RawPeer::connect(&broker.url(), "team-a").await;
        replica.subscribe("a2a/v1/tasks/team/inbox").await;
        replica.subscribe("a2a/v1/tasks/team-a/inbox").await;
        let client = boss(&broker.url(), folder.path(), Session::Ends).await;
        let mut task = client.delegate("team", "work").await.unwrap();
        assert_eq!(json(&replica.next("a2a/v1/tasks/team/inbox").await)["task_id"], task.id());
        let id = task.id().to_owned();
        let working = json!({"task_id": id, "status": "working", "from": "team-a", "seq": 1}).to_string();
        replica.publish(RESULTS, working, Default::default()).await;
        assert_eq!(soon(task.next()).await.unwrap().state, TaskState::Working);
        drop(task);
        client.close().await;
        let client = boss(&broker.url(), folder.path(), Session::Ends).await;
        assert_eq!(json(&replica.next("a2a/v1/tasks/team").await)["task_id"], json!(id));
        let ended = json!({"task_id": id, "status": "completed", "result": 1, "from": "team-a"}).to_string();
        replica.publish(RESULTS, ended, Default::default()).await;
        let mut results = client.results().await.unwrap();
        assert_eq!(soon(results.next()).await.unwrap().task_id.as_str(), id);
        client.close().await;
    }

    async fn a_result_that_came_while_the_delegator_was_away_is_there_when_it_is_back(broker) {
        let folder = tempfile::tempdir().unwrap();
        let gate = Gate::new();
        let agent = Agent::new("worker").skills(skills![crate::delegator::hold]).state(gate.clone()).start(&broker.url()).await.unwrap();
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe(RESULTS).await;
        for (runs, session) in [(1, Session::Stays), (2, Session::Ends)] {
            let client = boss(&broker.url(), folder.path(), session).await;
            let id = client.delegate("worker", NewTask::skill("hold")).await.unwrap().id().to_owned();
            gate.until(runs).await;
            client.close().await;
            gate.open(1);
            while json(&watcher.next(RESULTS).await)["status"] != "completed" {}
            // Kept by the broker; or else the agent is asked once more, and sends what it has (A2A-14).
            let client = boss(&broker.url(), folder.path(), session).await;
            let mut results = client.results().await.unwrap();
            let task = soon(results.next()).await.unwrap();
            assert_eq!((task.task_id.as_str(), task.result), (id.as_str(), Some(json!(runs))));
            assert_eq!(gate.runs(), runs);
            client.close().await;
            // What the agent sent again, if it did.
            watcher = RawPeer::connect(&broker.url(), "watcher").await;
            watcher.subscribe(RESULTS).await;
        }
        agent.stop().await;
    }
}
