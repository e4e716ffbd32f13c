//! A flood at QoS 0 makes no message at QoS 1 be dropped.

use std::collections::HashSet;
use std::time::Duration;

use mqtt_agent::prelude::*;
use support::{RawPeer, json as body, on_each_broker, soon};
use tokio::sync::mpsc;

const WANTED: usize = 100;

/// So many at QoS 0 between two at QoS 1.
const BETWEEN: usize = 200;

/// Takes a little time, and tells of what is wanted.
#[on("news/{item}")]
async fn news(item: String, State(heard): State<mpsc::UnboundedSender<String>>) {
    if item.starts_with("wanted") {
        heard.send(item).unwrap();
    } else {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Takes a little time.
#[skill]
async fn dawdle() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

on_each_broker! {
    async fn a_flood_at_qos_0_of_a_topic_drops_no_message_at_qos_1(broker) {
        let (heard, mut hears) = mpsc::unbounded_channel::<String>();
        let agent = Agent::new("reader").handlers(handlers![news]).state(heard);
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let flooder = RawPeer::connect(&broker.url(), "flooder").await;
        for number in 0..WANTED {
            for _ in 0..BETWEEN {
                flooder.fire("news/noise", "x".repeat(500)).await;
            }
            peer.publish(&format!("news/wanted-{number}"), "", Default::default()).await;
        }
        for number in 0..WANTED {
            assert_eq!(soon(hears.recv()).await.unwrap(), format!("wanted-{number}"));
        }
        agent.stop().await;
    }

    async fn a_flood_at_qos_0_of_an_inbox_leaves_no_task_at_qos_1_without_an_answer(broker) {
        let limits = mqtt_agent::Limits::default().with_task_queue(1000);
        let agent = Agent::new("worker").skills(skills![dawdle]).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/tasks/peer/results").await;
        let flooder = RawPeer::connect(&broker.url(), "flooder").await;
        let inbox = "a2a/v1/tasks/worker/inbox";
        let task = |id: String, from: &str| json!({"task_id": id, "from": from, "type": "dawdle", "prompt": ""}).to_string();
        for number in 0..WANTED {
            for noise in 0..BETWEEN {
                flooder.fire(inbox, task(format!("noise-{number}-{noise}"), "flooder")).await;
            }
            peer.publish(inbox, task(format!("wanted-{number}"), "peer"), Default::default()).await;
        }
        let (mut answered, mut done) = (HashSet::new(), 0);
        while answered.len() < WANTED {
            let result = body(&peer.next("a2a/v1/tasks/peer/results").await);
            match result["status"].as_str() {
                Some("completed") => done += 1,
                // It is told that the agent has as many tasks as it takes.
                Some("rejected") => assert_eq!(result["error"]["code"], "busy", "{result}"),
                _ => panic!("{result}"),
            }
            answered.insert(result["task_id"].as_str().unwrap().to_owned());
        }
        println!("{done} of {WANTED} were done, the others were told that the agent is busy");
        agent.stop().await;
    }
}
