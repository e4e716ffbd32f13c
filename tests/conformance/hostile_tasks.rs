//! Whatever any peer sends to agents and those who ask them: a logged drop, and everybody is served on.

use mqtt_agent::a2a::NewTask;
use mqtt_agent::prelude::*;
use serde_json::json;
use support::{RawPeer, on_each_broker, soon};

use crate::log;
use crate::skills::*;

on_each_broker! {
    async fn a2a_6_sub_11_a_hostile_peer_changes_nothing_and_is_logged(broker) {
        log::begin();
        // Told by it from what other tests log.
        let mark = format!("mark{}", broker.address().port());
        let namespace = format!("{mark}/v1");
        let watch = Desk::default();
        let agent = desk(&watch).namespace(&namespace).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).id("me").namespace(&namespace)).await.unwrap();
        let mut held = client.delegate("desk", NewTask::skill("hold")).await.unwrap();
        watch.until(1).await;
        let mut changes = client.agents().watch().await.unwrap();
        soon(changes.next()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let id = held.id().to_owned();
        let own = |rest: &str| rest.replace("X", &format!("x-{mark}")).into_bytes();
        let about = |value: serde_json::Value| value.to_string().into_bytes();
        let garbage: Vec<Vec<u8>> = vec![
            b"{".to_vec(), b"null".to_vec(), b"[]".to_vec(), b"7".to_vec(), b"\xff\xfe\x00".to_vec(), b"{}".to_vec(),
            br#"{"task_id": 7}"#.to_vec(), br#"{"task_id": ""}"#.to_vec(), br#"{"task_id": "a/b", "prompt": "x"}"#.to_vec(),
            own(r#"{"task_id": "X", "messages": "no"}"#), own(r#"{"task_id": "X", "messages": [{"content": 7}]}"#),
            own(r#"{"task_id": "X", "messages": [{"content": [{"raw": "%%%"}]}], "from": "peer"}"#),
            own(r#"{"task_id": "X", "prompt": "p", "from": "a/b"}"#), own(r#"{"task_id": "X", "prompt": "p", "to": "other"}"#),
            own(r#"{"task_id": "X", "intent": 7}"#),
            about(json!({"task_id": id, "intent": "message", "from": "peer", "messages": [{"content": "x"}]})),
            about(json!({"task_id": id, "intent": "cancel"})),
            about(json!({"task_id": id, "from": "peer", "type": "shout", "prompt": "mine"})),
            own(r#"{"task_id": "X", "intent": "cancel", "from": "peer"}"#),
            own(r#"{"task_id": "X", "from": "peer"}"#),
            about(json!({"task_id": id, "status": "completed", "result": "forged"}))[..20].to_vec(),
            own(r#"{"task_id": "X", "status": "completed", "result": 1}"#),
            about(json!({"task_id": id, "status": "exploded"})),
            own(&format!(r#"{{"task_id":"X","prompt":"x","later":{}{}}}"#, "[".repeat(5000), "]".repeat(5000))),
            vec![b'x'; 200_000],
        ];
        let logged = || log::lines(&mark).len() + log::lines(&id).iter().filter(|line| !line.contains(&mark)).count();
        let topics = [
            "tasks/desk/inbox", "tasks/desk/results", "tasks/me/results", "agents/desk/status", "agents/me/status",
            "agents/desk/card", "agents/me/card",
        ];
        for topic in topics {
            // Of a card nothing is required but its topic (A2A-5).
            let is_card = |payload: &[u8]| topic.ends_with("/card") && payload.starts_with(b"{") && payload.ends_with(b"}");
            for payload in garbage.iter().filter(|payload| !is_card(payload)) {
                let (before, topic) = (logged(), format!("{namespace}/{topic}"));
                peer.publish(&topic, payload.clone(), Default::default()).await;
                // Cards are read by a watcher of agents, when that asks for the next change.
                let read = async {
                    while logged() <= before {
                        let watching = tokio::time::timeout(std::time::Duration::from_millis(2), changes.next());
                        assert!(watching.await.is_err(), "{topic}");
                    }
                };
                let what = String::from_utf8_lossy(&payload[..payload.len().min(100)]);
                let read = tokio::time::timeout(support::SOON, read).await;
                assert!(read.is_ok(), "{what} of {topic} is logged");
            }
        }
        peer.publish(&format!("{namespace}/tasks/{id}/result"), "{", Default::default()).await;
        watch.open(1);
        assert_eq!(soon(held.result()).await.unwrap(), "attempt 1");
        assert_eq!(client.request("desk", NewTask::skill("shout").text("still")).await.unwrap(), "STILL");
        agent.stop().await;
    }
}
