//! Tasks, their questions and topic handlers over networks that fail, and in floods.

use std::future::IntoFuture;

use mqtt_agent::a2a::{NewTask, TaskHandle};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use support::{Proxy, RawPeer, TestBroker, json, on_each_broker, soon};
use tokio::sync::mpsc;

use crate::common::*;

/// Gives what came.
#[on("faults/{name}", qos = 1)]
async fn hear(name: String, State(heard): State<mpsc::UnboundedSender<String>>) {
    drop(heard.send(name));
}

/// Answers where it was asked.
#[request("faults/{name}/double")]
async fn doubled(name: String) -> String {
    name.repeat(2)
}

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/boss/results";

/// A task that a peer has: its delegator, and the peer.
async fn given_to_a_peer(broker: &TestBroker) -> (Client, RawPeer, TaskHandle<serde_json::Value>) {
    let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
    let mut worker = RawPeer::connect(&broker.url(), "worker").await;
    worker.subscribe(INBOX).await;
    let task = client.delegate("worker", "work").await.unwrap();
    worker.next(INBOX).await;
    (client, worker, task)
}

async fn given(client: &Client, skill: &str) -> TaskHandle<serde_json::Value> {
    client.delegate("worker", NewTask::skill(skill)).await.unwrap()
}

on_each_broker! {
    async fn a_task_that_is_given_over_a_stalled_network_runs_once_when_it_flows_again(broker) {
        let far = Proxy::start(broker.address()).await;
        let gate = Gate::new();
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let client = Client::connect(far.url()).await.unwrap();
        // One before, so that everything is subscribed.
        let mut first = given(&client, "wait_at_gate").await;
        gate.open(1);
        soon(first.result()).await.unwrap();
        far.freeze();
        let giving = tokio::spawn(client.delegate("worker", NewTask::skill("wait_at_gate")).into_future());
        tokio::time::sleep(NOTHING).await;
        assert!(!giving.is_finished(), "the broker has not acknowledged it");
        far.thaw();
        let mut task = soon(giving).await.unwrap().unwrap();
        gate.open(1);
        assert_eq!(soon(task.result()).await.unwrap(), json!(2));
        assert_eq!(gate.began(), 2);
        agent.stop().await;
    }

    async fn a_result_over_a_stalled_network_is_told_when_it_flows_again(broker) {
        let far = Proxy::start(broker.address()).await;
        let gate = Gate::new();
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let client = Client::connect(far.url()).await.unwrap();
        let mut task = given(&client, "wait_at_gate").await;
        until_state(&mut task, TaskState::Working).await;
        far.freeze();
        gate.open(1);
        gate.until_ended(1).await;
        let early = tokio::time::timeout(NOTHING, task.ended()).await;
        assert!(early.is_err(), "{early:?}");
        far.thaw();
        assert_eq!(soon(task.result()).await.unwrap(), json!(1));
        agent.stop().await;
    }

    async fn an_end_that_its_agents_network_stalls_is_sent_when_it_flows_again_or_by_the_next_connection(broker) {
        for cut in [false, true] {
            let near = Proxy::start(broker.address()).await;
            let gate = Gate::new();
            let agent = worker(&gate).start(near.url()).await.unwrap();
            let client = Client::connect(broker.url()).await.unwrap();
            let mut task = given(&client, "wait_at_gate").await;
            until_state(&mut task, TaskState::Working).await;
            near.freeze();
            gate.open(1);
            gate.until_ended(1).await;
            if cut {
                near.cut();
            }
            near.thaw();
            assert_eq!(soon(task.result()).await.unwrap(), json!(1), "cut: {cut}");
            assert_eq!(gate.began(), 1);
            agent.stop().await;
        }
    }

    async fn a_flood_at_an_owners_results_loses_no_end(broker) {
        const TASKS: usize = 40;
        let gate = Gate::new();
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let mut tasks = Vec::new();
        for _ in 0..TASKS {
            tasks.push(given(&client, "wait_at_gate").await);
        }
        let hostile = RawPeer::connect(&broker.url(), "hostile").await;
        let flood = tokio::spawn(async move {
            for number in 0_u64..20_000 {
                let text = [r#"{"task_id":"none","status":"completed"}"#, "{", "[]"][number as usize % 3];
                hostile.fire("a2a/v1/tasks/boss/results", text).await;
            }
            hostile
        });
        gate.open(TASKS);
        for mut task in tasks {
            soon(task.result()).await.unwrap();
        }
        assert_eq!(gate.began(), TASKS);
        drop(soon(flood).await.unwrap());
        agent.stop().await;
    }

    async fn an_answer_reaches_its_question_though_the_broker_was_restarted_in_between(broker) {
        let gate = Gate::new();
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let client = Client::connect(broker.url()).await.unwrap();
        let mut task = given(&client, "greet_at_gate").await;
        gate.open(1);
        until_state(&mut task, TaskState::InputRequired).await;
        broker.kill().await;
        disconnected(&client).await;
        broker.start().await;
        connected_again(&client, 1).await;
        connected_again(&agent.client(), 1).await;
        // The agent may not have subscribed again yet: then nobody receives it at first.
        soon(task.send("Ada")).await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), json!("hello Ada"));
        agent.stop().await;
    }

    async fn an_answer_or_a_cancel_that_nobody_received_is_sent_again_until_somebody_does(broker) {
        if !broker.can().reports_no_subscribers {
            return broker.leaves_out("it does not say that nobody received a message");
        }
        let (client, mut worker, mut task) = given_to_a_peer(broker).await;
        let asks = json!({"task_id": task.id(), "status": "input-required", "from": "worker", "seq": 1,
            "message": {"role": "agent", "content": "who?"}});
        worker.publish(RESULTS, asks.to_string(), Default::default()).await;
        until_state(&mut task, TaskState::InputRequired).await;

        // It connects again, and the broker has forgotten its subscriptions.
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        let (sent, said) = tokio::join!(soon(task.send("Ada")), async {
            // Not before the first one came back: nothing else shows that here.
            tokio::time::sleep(NOTHING).await;
            worker.subscribe(INBOX).await;
            json(&worker.next(INBOX).await)
        });
        sent.unwrap();
        assert_eq!((&said["intent"], &said["messages"][0]["content"]), (&json!("message"), &json!("Ada")));

        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        task.cancel().await.unwrap();
        worker.subscribe(INBOX).await;
        assert_eq!(json(&worker.next(INBOX).await)["intent"], "cancel");
        client.close().await;
    }

    async fn a_dropped_requests_cancel_that_nobody_received_is_sent_again_until_somebody_does(broker) {
        if !broker.can().reports_no_subscribers {
            return broker.leaves_out("it does not say that nobody received a message");
        }
        let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let request = tokio::spawn(client.request("worker", NewTask::skill("any")).cancel_on_drop().into_future());
        let task = worker.next(INBOX).await;
        let id = json(&task)["task_id"].clone();
        let topic = task.properties.unwrap().response_topic.unwrap();
        // It is one that knows of cancels.
        let working = json!({"task_id": id, "status": "working", "from": "worker", "seq": 1});
        worker.publish(&topic, working.to_string(), Default::default()).await;
        // What comes in order behind it: the update has been read then.
        client.agents().await.unwrap();

        // It connects again, and the broker has forgotten its subscriptions.
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        request.abort();
        // Not before the first one came back: nothing else shows that here.
        tokio::time::sleep(NOTHING).await;
        worker.subscribe(INBOX).await;
        let cancel = json(&worker.next(INBOX).await);
        assert_eq!((&cancel["intent"], &cancel["task_id"]), (&json!("cancel"), &id));
        client.close().await;
    }

    async fn an_answer_that_nobody_received_ends_with_its_task(broker) {
        if !broker.can().reports_no_subscribers {
            return broker.leaves_out("it does not say that nobody received a message");
        }
        let (client, mut worker, mut task) = given_to_a_peer(broker).await;
        let working = json!({"task_id": task.id(), "status": "working", "from": "worker", "seq": 1});
        worker.publish(RESULTS, working.to_string(), Default::default()).await;
        until_state(&mut task, TaskState::Working).await;
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        let ended = json!({"task_id": task.id(), "status": "completed", "result": 1, "from": "worker"});
        let (sent, ()) = tokio::join!(soon(task.send("Ada")), async {
            tokio::time::sleep(NOTHING).await;
            worker.publish(RESULTS, ended.to_string(), Default::default()).await;
        });
        sent.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), json!(1));
        client.close().await;
    }

    async fn an_answer_over_a_stalled_network_reaches_its_question_when_it_flows_again(broker) {
        let near = Proxy::start(broker.address()).await;
        let gate = Gate::new();
        let agent = worker(&gate).start(near.url()).await.unwrap();
        let client = Client::connect(broker.url()).await.unwrap();
        let mut task = given(&client, "greet_at_gate").await;
        gate.open(1);
        until_state(&mut task, TaskState::InputRequired).await;
        near.freeze();
        task.send("Ada").await.unwrap();
        let early = tokio::time::timeout(NOTHING, task.ended()).await;
        assert!(early.is_err(), "{early:?}");
        near.thaw();
        assert_eq!(soon(task.result()).await.unwrap(), json!("hello Ada"));
        agent.stop().await;
    }

    async fn fifty_questions_at_once_are_each_given_their_own_answer(broker) {
        let gate = Gate::new();
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let client = Client::connect(broker.url()).await.unwrap();
        let mut tasks = Vec::new();
        for _ in 0..50 {
            tasks.push(given(&client, "greet_at_gate").await);
        }
        gate.open(50);
        for (number, task) in tasks.iter_mut().enumerate() {
            until_state(task, TaskState::InputRequired).await;
            task.send(number.to_string()).await.unwrap();
        }
        for (number, mut task) in tasks.into_iter().enumerate() {
            assert_eq!(soon(task.result()).await.unwrap(), json!(format!("hello {number}")));
        }
        agent.stop().await;
    }

    async fn a_topic_handlers_messages_over_a_stalled_network_are_handled_once_when_it_flows_again(broker) {
        let near = Proxy::start(broker.address()).await;
        let (heard, mut names) = mpsc::unbounded_channel::<String>();
        let agent = Agent::new("ear").handlers(handlers![hear]).state(heard).start(near.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        near.freeze();
        for name in ["a", "b", "c"] {
            peer.publish(&format!("faults/{name}"), "", Default::default()).await;
        }
        assert!(tokio::time::timeout(NOTHING, names.recv()).await.is_err());
        near.thaw();
        for name in ["a", "b", "c"] {
            assert_eq!(soon(names.recv()).await.as_deref(), Some(name));
        }
        assert!(tokio::time::timeout(NOTHING, names.recv()).await.is_err());
        agent.stop().await;
    }

    async fn a_request_is_answered_by_the_next_process_after_its_agent_died(broker) {
        let start = async || Agent::new("ear").handlers(handlers![doubled]).start(broker.url()).await.unwrap();
        drop(start().await);
        let agent = start().await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let answers = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(answers).await;
        peer.publish("faults/ab/double", "", support::reply_to(answers, b"r")).await;
        assert!(String::from_utf8_lossy(&peer.next(answers).await.payload).contains("abab"));
        agent.stop().await;
    }
}
