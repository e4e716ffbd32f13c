//! Mosquitto with its sessions on disk, as the guide sets it up, is restarted: it comes back with the sessions, and 2.0
//! without their shared subscriptions (`SUB-10`).
#![cfg(feature = "peers")]

use std::time::Duration;

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{TestBroker, eventually, soon};
use tokio::sync::mpsc;

const PERSISTENT: &str = "persistence true\npersistence_location {dir}/\nautosave_interval 1\n\
                          max_inflight_messages 200\nmax_queued_messages 0";

/// Says which replica answers.
#[tool]
async fn replica_name(State(name): State<&'static str>) -> String {
    name.to_owned()
}

/// Repeats what it is told.
#[skill]
async fn repeat(text: String) -> String {
    text
}

#[on("persistent/{item}", shared = "workers")]
fn worked(item: &str, State(heard): State<mpsc::UnboundedSender<String>>) {
    let _ = heard.send(item.to_owned());
}

#[event("persistent/{item}")]
fn work(item: &str);

async fn everything_works(client: &Client, heard: &mut mpsc::UnboundedReceiver<String>, item: &str) {
    let mut answered = std::collections::BTreeSet::new();
    eventually("both replicas answer", || {
        let call =
            client.call("replica_name", json!({})).timeout(Duration::from_secs(2)).returning::<String>();
        async move { call.await.ok() }
    })
    .await;
    let both_answer = async {
        while answered.len() < 2 {
            let call =
                client.call("replica_name", json!({})).timeout(Duration::from_secs(10)).returning::<String>();
            answered.insert(call.await.unwrap());
        }
    };
    soon(both_answer).await;
    let text =
        client.request("worker", mqtt_agent::a2a::NewTask::skill("repeat").data(&json!({"text": item})));
    let text: String = soon(text.timeout(Duration::from_secs(15)).returning().into_future()).await.unwrap();
    assert_eq!(text, item);
    soon(work().item(item).publish(client)).await.unwrap();
    assert_eq!(soon(heard.recv()).await.unwrap(), item);
}

async fn survives(terminate: bool) {
    let mut broker = TestBroker::configured(PERSISTENT).await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    let replica = |name: &'static str| {
        let agent = Agent::new("twin").instance(name).tools(tools![replica_name]).handlers(handlers![worked]);
        agent.state(name).state(sender.clone())
    };
    let one = replica("one").start(&broker.url()).await.unwrap();
    let two = replica("two").start(&broker.url()).await.unwrap();
    let worker = Agent::new("worker").skills(skills![repeat]).start(&broker.url()).await.unwrap();
    let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
    everything_works(&client, &mut heard, "before").await;
    let mut connections = [one.connection(), two.connection(), worker.connection(), client.connection()];
    // Killed, it keeps what it wrote a second ago.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    if terminate {
        broker.terminate().await;
    } else {
        broker.kill().await;
    }
    for connection in &mut connections {
        soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
    }
    broker.start().await;
    for connection in &mut connections {
        soon(connection.wait_for(mqtt_agent::ConnectionState::is_connected)).await.unwrap();
    }
    everything_works(&client, &mut heard, "after").await;
    for agent in [one, two, worker] {
        agent.stop().await;
    }
}

mod configured {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sub_10_everything_works_after_a_persistent_broker_was_terminated() {
        survives(true).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sub_10_everything_works_after_a_persistent_broker_was_killed() {
        survives(false).await;
    }
}
