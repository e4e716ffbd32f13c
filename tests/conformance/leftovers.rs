//! What an earlier process left in the session, and what a broker's limits leave of an agent.

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{RawPeer, json, on_each_broker, reply_to, soon};

use crate::tools::*;

/// Says it again.
#[tool]
async fn say_again(text: String) -> String {
    text
}

const ANSWERS: &str = "a2a/v1/mcp/clients/peer/responses";

on_each_broker! {
    async fn sub_8b_what_an_earlier_process_served_and_this_one_does_not_is_ended(broker) {
        let url = broker.url();
        let mut peer = RawPeer::connect(&url, "peer").await;
        peer.subscribe(ANSWERS).await;
        let earlier = Agent::new("calc").tools(tools![add, say_again]).start(&url).await.unwrap();
        drop(earlier);
        // It waits in the session, or is given to the next process.
        let call = json!({"call_id": "left", "arguments": {"text": "x"}}).to_string();
        peer.publish("a2a/v1/mcp/tools/say_again/call", call, reply_to(ANSWERS, b"left")).await;
        let agent = Agent::new("calc").tools(tools![add]).start(&url).await.unwrap();
        let answer = json(&peer.next(ANSWERS).await);
        assert_eq!((&answer["call_id"], &answer["error"]["type"]), (&json!("left"), &json!("unavailable")), "{answer}");
        peer.subscribe("a2a/v1/mcp/tools/say_again/card").await;
        let mut status = json(&peer.next("a2a/v1/mcp/tools/say_again/card").await)["status"].clone();
        while status != "offline" {
            status = json(&peer.next("a2a/v1/mcp/tools/say_again/card").await)["status"].clone();
        }
        // What it does serve is answered.
        let client = Client::connect(&url).await.unwrap();
        soon(client.call("add", json!({"a": 1, "b": 1})).into_future()).await.unwrap();
        agent.stop().await;
    }
}

/// On a Mosquitto that is set up to do less.
#[cfg(feature = "peers")]
mod limited {
    use std::time::{Duration, Instant};

    use super::*;
    use support::TestBroker;

    async fn start_error(lines: &str) -> String {
        let broker = TestBroker::configured(lines).await;
        let began = Instant::now();
        let error = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        error.to_string()
    }

    #[tokio::test]
    async fn sub_10a_a_broker_without_retained_messages_fails_the_start_at_once() {
        let error = start_error("retain_available false").await;
        assert!(error.contains("retain"), "{error}");
    }

    #[tokio::test]
    async fn sub_10a_a_broker_of_qos_0_fails_the_start_at_once() {
        let error = start_error("max_qos 0").await;
        assert!(error.contains("QoS 1"), "{error}");
    }

    #[tokio::test]
    async fn sub_10a_a_message_over_the_brokers_packet_size_fails_at_its_sender() {
        let broker = TestBroker::configured("max_packet_size 20000").await;
        let agent = Agent::new("calc").tools(tools![add, say_again]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let large = json!({"text": "x".repeat(30_000)});
        let error = client.call("say_again", large).await.unwrap_err().to_string();
        assert!(error.contains("20000"), "{error}");
        client.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        agent.stop().await;
    }
}
