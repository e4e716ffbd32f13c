//! Partial results.

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, ToolStream};
use serde_json::json;
use support::{RawPeer, TestBroker, json, on_each_broker, reply_to};

use crate::tools::*;

/// A stream of a call that a peer has: the peer, the client, the stream and the call's id.
async fn opened(broker: &TestBroker) -> (RawPeer, Client, ToolStream, String) {
    let mut peer = RawPeer::connect(&broker.url(), "peer").await;
    peer.subscribe("a2a/v1/mcp/tools/odd/call").await;
    let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
    let call = client.call("odd", ());
    let opening = tokio::spawn(call.stream());
    let call = json(&peer.next("a2a/v1/mcp/tools/odd/call").await);
    let stream = opening.await.unwrap().unwrap();
    (peer, client, stream, call["call_id"].as_str().unwrap().to_owned())
}

on_each_broker! {
    async fn mcp_10_partial_results_come_in_order_and_before_the_result(broker) {
        let agent = Agent::new("calc").tools(tools![count, add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut stream = client.call("count", json!({"n": 200})).returning::<u32>().stream().await.unwrap();
        let mut seen = Vec::new();
        while let Some(step) = stream.next().await {
            seen.push(step["i"].as_u64().unwrap());
        }
        assert_eq!(stream.missed(), 0);
        assert_eq!(stream.finish().await.unwrap(), 200);
        assert_eq!(seen, (1..=200).collect::<Vec<_>>());

        // A tool without partial results can be streamed as well.
        let mut stream = client.call("add", json!({"a": 1, "b": 1})).stream().await.unwrap();
        assert_eq!(stream.next().await, None);
        assert_eq!(stream.finish().await.unwrap()["sum"], 2.0);
        let stream = client.call("count", json!({"n": -1})).stream().await.unwrap();
        assert!(matches!(stream.finish().await, Err(CallError::InvalidArguments { .. })));
        agent.stop().await;
    }

    async fn mcp_10_stream_messages_on_the_wire(broker) {
        let agent = Agent::new("calc").tools(tools![count, lines]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/+/stream/+").await;
        peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
        let properties = || reply_to("a2a/v1/mcp/clients/peer/responses", b"x");
        peer.publish("a2a/v1/mcp/tools/lines/call", r#"{"call_id":"l","client":"peer"}"#, properties()).await;
        let topic = "a2a/v1/mcp/tools/lines/stream/l";
        assert_eq!(json(&peer.next(topic).await), json!({"call_id": "l", "seq": 0, "type": "partial", "content": "one"}));
        assert_eq!(json(&peer.next(topic).await), json!({"call_id": "l", "seq": 1, "type": "partial", "content": "two"}));
        // `done` carries no content: the reference client takes any for a partial result.
        assert_eq!(json(&peer.next(topic).await), json!({"call_id": "l", "seq": 2, "type": "done"}));
        peer.next("a2a/v1/mcp/clients/peer/responses").await;
        peer.publish("a2a/v1/mcp/tools/count/call", r#"{"call_id":"c","client":"peer","arguments":{"n":1}}"#, properties()).await;
        let partial = json(&peer.next("a2a/v1/mcp/tools/count/stream/c").await);
        assert_eq!(partial["data"], json!({"i": 1}), "what is not a string travels in `data`");
        agent.stop().await;
    }

    async fn mcp_10_any_seq_a_missing_done_and_late_messages_are_tolerated(broker) {
        let (mut peer, _client, mut stream, id) = opened(broker).await;
        let topic = format!("a2a/v1/mcp/tools/odd/stream/{id}");
        for payload in [
            json!({"call_id": id, "seq": 1700000000000_u64, "type": "partial", "content": "a"}).to_string(),
            json!({"call_id": id, "seq": "first", "type": "partial", "data": {"b": 1}}).to_string(),
            "not json".to_owned(),
            json!({"call_id": "other", "type": "partial", "content": "x"}).to_string(),
            json!({"call_id": id, "type": "novel", "content": "x"}).to_string(),
            json!({"call_id": id, "seq": -3, "type": "partial", "content": "c"}).to_string(),
        ] {
            peer.publish(&topic, payload, Default::default()).await;
        }
        assert_eq!(stream.next().await, Some(json!("a")));
        assert_eq!(stream.next().await, Some(json!({"b": 1})));
        assert_eq!(stream.next().await, Some(json!("c")));
        let answer = json!({"call_id": id, "status": "ok", "result": "end"}).to_string();
        peer.publish("a2a/v1/mcp/clients/scout/responses", answer, Default::default()).await;
        peer.publish(&topic, json!({"call_id": id, "type": "partial", "content": "late"}).to_string(), Default::default()).await;
        while stream.next().await.is_some() {}
        assert_eq!(stream.finish().await.unwrap(), json!("end"));
    }

    async fn mcp_10_partial_results_of_a_call_that_runs_again_are_given_once(broker) {
        let (mut peer, _client, mut stream, id) = opened(broker).await;
        let topic = format!("a2a/v1/mcp/tools/odd/stream/{id}");
        // The first process died after three of them, and the next one runs the call from its beginning.
        for seq in [0, 1, 2, 0, 1, 2, 3] {
            let partial = json!({"call_id": id, "seq": seq, "type": "partial", "data": seq}).to_string();
            peer.publish(&topic, partial, Default::default()).await;
        }
        for seq in 0..4 {
            assert_eq!(stream.next().await, Some(json!(seq)));
        }
        let answer = json!({"call_id": id, "status": "ok", "result": "end"}).to_string();
        peer.publish("a2a/v1/mcp/clients/scout/responses", answer, Default::default()).await;
        assert_eq!(stream.next().await, None);
        assert_eq!(stream.missed(), 0);
        assert_eq!(stream.finish().await.unwrap(), json!("end"));
    }
}
