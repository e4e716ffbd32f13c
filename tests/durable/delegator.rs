//! A delegator: what is sent again and what is not, and when waiting ends.

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask, Retention, TaskRecord, TaskSide, TaskStore as _};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::json;
use support::{FailingStore, RawPeer, TestBroker, eventually, json, on_each_broker, soon};
use tokio::sync::Semaphore;

/// Counts what began, and lets it go on.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    runs: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { runs: Arc::default(), open: Arc::new(Semaphore::new(0)) }
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    /// Counts itself, and waits until it is let go.
    pub(crate) async fn run(&self) -> usize {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        self.open.acquire().await.unwrap().forget();
        run
    }

    pub(crate) fn open(&self, tasks: usize) {
        self.open.add_permits(tasks);
    }

    pub(crate) async fn until(&self, runs: usize) {
        eventually("handlers began", || async { (self.runs() >= runs).then_some(()) }).await;
    }
}

/// Waits until it is let go.
#[skill]
pub(crate) async fn hold(State(gate): State<Gate>) -> usize {
    gate.run().await
}

/// Doubles.
#[tool]
async fn double(number: i32) -> i32 {
    number * 2
}

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/boss/results";

/// The message of a bare worker that a task has ended.
fn ended(id: &str) -> String {
    json!({"task_id": id, "status": "completed", "result": 7, "from": "worker"}).to_string()
}

async fn next_task(peer: &mut RawPeer) -> String {
    json(&peer.next(INBOX).await)["task_id"].as_str().unwrap().to_owned()
}

/// More results of an earlier process than wait in memory.
#[tokio::test]
async fn results_that_are_too_many_to_wait_in_memory_are_each_given_once() {
    const MANY: usize = 10_050;
    let (broker, store) = (TestBroker::embedded().await, FailingStore::default());
    for number in 0..MANY {
        let task = json!({
            "task_id": format!("t-{number}"), "from": "boss", "to": "worker", "type": "hold", "status": "completed",
        });
        let record = TaskRecord::new(serde_json::from_value(task).unwrap());
        store.insert(TaskSide::Delegator, record).await.unwrap();
    }
    let options = ConnectOptions::new(broker.url()).id("boss");
    let retention = Retention::default().with_count(2 * MANY);
    let client = Client::builder().store(store.clone()).retention(retention).connect(options).await.unwrap();
    let mut results = client.results().await.unwrap();
    let mut given = BTreeSet::new();
    for _ in 0..MANY {
        assert!(given.insert(soon(results.next()).await.unwrap().task_id.to_string()));
    }
    assert!(store.open(TaskSide::Delegator, None, 1).await.unwrap().is_empty());
    client.close().await;
    assert!(soon(results.next()).await.is_none());
}

on_each_broker! {
    async fn a2a_14_a_replica_that_joins_is_sent_no_task_that_another_has(broker) {
        let gate = Gate::new();
        let agent = Agent::new("team").skills(skills![hold]).state(gate.clone());
        let one = agent.clone().instance("a").start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut tasks = Vec::new();
        for _ in 0..5 {
            let mut task = client.delegate("team", NewTask::skill("hold")).await.unwrap();
            while soon(task.next()).await.unwrap().state != TaskState::Working {}
            tasks.push(task);
        }
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/tasks/+/inbox").await;
        // Another replica, and an agent whose id only looks like one.
        let two = agent.instance("b").start(&broker.url()).await.unwrap();
        let other = Agent::new("team-work").skills(skills![hold]).state(gate.clone()).start(&broker.url()).await.unwrap();
        gate.open(2);
        for _ in 0..2 {
            // Any of the seven that run may go on; the marker is what comes next on the wire.
            drop(client.delegate("team-work", NewTask::skill("hold")).await.unwrap());
            assert_eq!(json(&watcher.next("a2a/v1/tasks/").await)["to"], "team-work");
        }
        gate.until(7).await;
        gate.open(5);
        for mut task in tasks {
            let end = soon(task.ended()).await.unwrap();
            assert_eq!((end.status, end.from.as_str()), (TaskState::Completed, "team-a"));
        }
        assert_eq!(gate.runs(), 7);
        for agent in [one, two, other] {
            agent.stop().await;
        }
    }

    async fn a2a_14_a_replica_that_comes_back_is_sent_its_own_tasks_again(broker) {
        let gate = Gate::new();
        let agent = Agent::new("team").skills(skills![hold]).state(gate.clone());
        let one = agent.clone().instance("a").start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("team", NewTask::skill("hold")).await.unwrap();
        while soon(task.next()).await.unwrap().state != TaskState::Working {}
        let two = agent.clone().instance("b").start(&broker.url()).await.unwrap();
        // It keeps its tasks in memory: what it had is gone with it.
        drop(one);
        let one = agent.instance("a").start(&broker.url()).await.unwrap();
        gate.until(2).await;
        gate.open(2);
        assert_eq!(soon(task.ended()).await.unwrap().from, "team-a");
        one.stop().await;
        two.stop().await;
    }

    async fn a2a_12_a_cancel_waits_for_a_card_that_is_late(broker) {
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe("a2a/v1/tasks/worker/inbox").await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let task = client.delegate("worker", "work").await.unwrap();
        assert_eq!(json(&worker.next("a2a/v1/tasks/worker/inbox").await)["task_id"], task.id());
        let card = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let card = json!({"agent_id": "worker", "features": ["intents"], "status": "online"});
            worker.retain("a2a/v1/agents/worker/card", card.to_string()).await;
            json(&worker.next("a2a/v1/tasks/worker/inbox").await)
        };
        let (cancelled, message) = tokio::join!(task.cancel(), card);
        cancelled.unwrap();
        assert_eq!((&message["intent"], &message["task_id"]), (&json!("cancel"), &json!(task.id())));
        client.close().await;
    }

    async fn a2a_12_a_cancel_that_comes_before_a_replica_was_heard_of_reaches_the_one_that_has_the_task(broker) {
        let mut replica = RawPeer::connect(&broker.url(), "team-a").await;
        replica.subscribe("a2a/v1/tasks/team/inbox").await;
        replica.subscribe("a2a/v1/tasks/team-a/inbox").await;
        // By this it is known that a cancel is none of a task.
        let card = json!({"agent_id": "team-a", "features": ["intents"], "status": "online"});
        replica.retain("a2a/v1/agents/team-a/card", card.to_string()).await;
        let status = json!({"agent_id": "team-a", "status": "online"});
        replica.retain("a2a/v1/agents/team-a/status", status.to_string()).await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let task = client.delegate("team", "work").await.unwrap();
        let working = |id: &str| json!({"task_id": id, "status": "working", "from": "team-a", "seq": 1}).to_string();
        assert_eq!(json(&replica.next("a2a/v1/tasks/team/inbox").await)["task_id"], task.id());
        task.cancel().await.unwrap();
        let cancel = json(&replica.next("a2a/v1/tasks/team/inbox").await);
        assert_eq!((&cancel["intent"], &cancel["task_id"]), (&json!("cancel"), &json!(task.id())));
        replica.publish("a2a/v1/tasks/boss/results", working(task.id()), Default::default()).await;
        let cancel = json(&replica.next("a2a/v1/tasks/team-a/inbox").await);
        assert_eq!((&cancel["intent"], &cancel["task_id"]), (&json!("cancel"), &json!(task.id())));

        // A request that is not waited for any more as well.
        let request = client.request("team", "work").cancel_on_drop().timeout(Duration::from_secs(2));
        let timed_out = request.await.unwrap_err();
        assert!(matches!(timed_out, DelegateError::Timeout { .. }), "{timed_out:?}");
        let asked = replica.next("a2a/v1/tasks/team/inbox").await;
        let id = json(&asked)["task_id"].as_str().unwrap().to_owned();
        assert_eq!(json(&replica.next("a2a/v1/tasks/team/inbox").await)["intent"], "cancel");
        let topic = asked.properties.unwrap().response_topic.unwrap();
        replica.publish(&topic, working(&id), Default::default()).await;
        let cancel = json(&replica.next("a2a/v1/tasks/team-a/inbox").await);
        assert_eq!((&cancel["intent"], &cancel["task_id"]), (&json!("cancel"), &json!(id)));
        client.close().await;
    }

    async fn a_task_of_which_nothing_is_heard_ends_after_its_deadline(broker) {
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", "work").timeout(Duration::from_secs(1)).await.unwrap();
        let unheard = soon(task.result()).await.unwrap_err();
        assert!(matches!(&unheard, DelegateError::Failed(error) if error.code.as_deref() == Some("unheard")), "{unheard:?}");
        // What comes after all changes nothing (A2A-10).
        let late = json!({"task_id": task.id(), "status": "completed", "result": 7, "from": "worker"});
        let results = format!("a2a/v1/tasks/{}/results", client.id());
        worker.publish(&results, late.to_string(), Default::default()).await;
        assert_eq!(soon(task.ended()).await.unwrap().status, TaskState::Failed);
        client.close().await;
    }

    async fn an_agent_without_skills_takes_the_results_that_came_while_it_was_away(broker) {
        let store = FailingStore::default();
        let agent = Agent::new("boss").tools(tools![double]).store(store.clone());
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let running = agent.clone().start(&broker.url()).await.unwrap();
        let id = running.client().delegate("worker", "work").await.unwrap().id().to_owned();
        assert_eq!(next_task(&mut worker).await, id);
        running.stop().await;
        worker.publish(RESULTS, ended(&id), Default::default()).await;
        let running = agent.start(&broker.url()).await.unwrap();
        let mut results = running.client().results().await.unwrap();
        let task = soon(results.next()).await.unwrap();
        assert_eq!((task.task_id.as_str(), task.result), (&*id, Some(json!(7))));
        running.stop().await;
    }

    async fn a_result_that_came_while_the_store_could_not_be_read_is_asked_for_again(broker) {
        let store = FailingStore::default();
        let connect = || {
            let options = ConnectOptions::new(broker.url()).id("boss");
            Client::builder().store(store.clone()).connect(options)
        };
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        // From now on the broker keeps results, and one task is with its agent.
        connect().await.unwrap().close().await;
        let task = json!({"task_id": "t", "from": "boss", "to": "worker", "status": "submitted"});
        let mut record = TaskRecord::new(serde_json::from_value(task).unwrap());
        record.sent = true;
        store.insert(TaskSide::Delegator, record).await.unwrap();
        worker.publish(RESULTS, ended("t"), Default::default()).await;
        store.fail_opens(true);
        let client = connect().await.unwrap();
        store.fail_opens(false);
        let mut results = client.results().await.unwrap();
        // An agent that has ended a task sends its result again (A2A-14).
        let answer = async {
            loop {
                let id = next_task(&mut worker).await;
                worker.publish(RESULTS, ended(&id), Default::default()).await;
            }
        };
        let task = tokio::select! {
            task = soon(results.next()) => task.unwrap(),
            () = answer => unreachable!("it answers for ever"),
        };
        assert_eq!((task.task_id.as_str(), task.result), ("t", Some(json!(7))));
        client.close().await;
    }

    async fn a2a_16_attaching_ends_at_its_timeout_while_there_is_no_connection(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut connection = client.connection();
        broker.kill().await;
        soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
        let attach = client.attach("worker", "t").timeout(Duration::from_millis(300));
        let error = soon(attach.into_future()).await.unwrap_err();
        assert!(matches!(error, DelegateError::Unanswered { .. }), "{error:?}");
        broker.start().await;
        client.close().await;
    }

    async fn every_wait_ends_when_the_client_is_closed(broker) {
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", "one").await.unwrap();
        let mut updates = client.delegate("worker", "two").await.unwrap();
        let mut results = client.results().await.unwrap();
        let request = tokio::spawn(client.request("worker", "three").into_future());
        for _ in 0..3 {
            next_task(&mut worker).await;
        }
        let waits = async {
            tokio::join!(task.result(), updates.next(), results.next(), request, client.clone().close())
        };
        let (result, update, ended, request, ()) = soon(waits).await;
        assert!(matches!(result, Err(DelegateError::Abandoned)), "{result:?}");
        assert_eq!(update, None);
        assert_eq!(ended, None);
        results.finish().unwrap();
        let request = request.unwrap();
        assert!(matches!(request, Err(DelegateError::Abandoned)), "{request:?}");
        let closed = client.delegate("worker", "four").await.unwrap_err();
        assert!(matches!(closed, DelegateError::Publish(_)), "{closed:?}");
    }

    async fn a_delegation_that_is_dropped_before_the_broker_has_it_is_withdrawn(broker) {
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let first = client.delegate("worker", "first").await.unwrap();
        assert_eq!(next_task(&mut worker).await, first.id());
        let mut connection = client.connection();
        broker.kill().await;
        soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
        let dropped = client.delegate("worker", "dropped").into_future();
        tokio::time::timeout(Duration::from_millis(100), dropped).await.unwrap_err();
        broker.start().await;
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        // What the lost broker had is sent again when its agent is online; the dropped one is not.
        let status = json!({"agent_id": "worker", "status": "online"}).to_string();
        soon(connection.wait_for(mqtt_agent::ConnectionState::is_connected)).await.unwrap();
        let agents = client.agents().watch().await.unwrap();
        worker.publish("a2a/v1/agents/worker/status", status, Default::default()).await;
        assert_eq!(next_task(&mut worker).await, first.id());
        let marker = client.delegate("worker", "marker").await.unwrap();
        assert_eq!(next_task(&mut worker).await, marker.id());
        drop(agents);
        client.close().await;
    }
}
