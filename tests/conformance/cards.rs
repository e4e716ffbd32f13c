//! The retained cards.

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{RawPeer, json, on_each_broker};

use crate::tools::*;

on_each_broker! {
    async fn mcp_1_mcp_2_sub_2_sub_5_sub_12_cards_are_retained_json_under_the_namespace(broker) {
        let agent = Agent::new("calc").namespace("/acme/plant7/v1/").tools(tools![add, count, secret]);
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("acme/plant7/v1/mcp/#").await;

        let message = peer.next("acme/plant7/v1/mcp/tools/add/card").await;
        assert!(message.retain);
        let properties = message.properties.clone().unwrap();
        assert_eq!(properties.content_type.as_deref(), Some("application/json"));
        assert_eq!(properties.payload_format_indicator, Some(1));
        let mut card = json(&message);
        let last_seen = card["last_seen"].take();
        assert!(last_seen.as_str().unwrap().ends_with('Z'), "RFC 3339 in UTC: {last_seen}");
        assert_eq!(card, json!({
            "version": "1",
            "tool": "add",
            "server": "calc",
            "namespace": "acme/plant7/v1",
            "description": "Adds two numbers.",
            "input_schema": {
                "type": "object",
                "properties": {
                    "a": {"type": "number", "description": "The first."},
                    "b": {"type": "number", "description": "The second."},
                },
                "required": ["a", "b"],
                "additionalProperties": false,
            },
            "output_schema": {
                "type": "object",
                "description": "A sum.",
                "properties": {"sum": {"type": "number"}},
                "required": ["sum"],
            },
            "supports_streaming": false,
            "requires_auth": false,
            "version_info": {"sdk": concat!("mqtt-agent/", env!("CARGO_PKG_VERSION")), "tool": "2.1.0"},
            "status": "online",
            "last_seen": null,
            "title": "Addition",
            "annotations": {"readOnlyHint": true, "idempotentHint": true},
            "max_message_bytes": 1_048_576,
            "tags": ["math"],
        }));

        let counting = json(&peer.next("acme/plant7/v1/mcp/tools/count/card").await);
        assert_eq!(counting["supports_streaming"], true);
        let secret = json(&peer.next("acme/plant7/v1/mcp/tools/secret/card").await);
        assert_eq!(secret["allowed_callers"], json!(["scout"]));
        assert_eq!(secret["requires_auth"], true);

        let server = json(&peer.next("acme/plant7/v1/mcp/servers/calc/card").await);
        assert_eq!(server["version"], "1");
        assert_eq!(server["server"], "calc");
        assert_eq!(server["tools"], json!(["add", "count", "secret"]));
        assert_eq!(server["status"], "online");
        agent.stop().await;
    }

    async fn sub_5_only_cards_are_retained(broker) {
        let agent = Agent::new("calc").tools(tools![add, count]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        client.call("add", json!({"a": 1, "b": 2})).await.unwrap();
        let mut stream = client.call("count", json!({"n": 2})).stream().await.unwrap();
        while stream.next().await.is_some() {}
        stream.finish().await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/#").await;
        // A message of our own comes after all that was retained.
        peer.publish("a2a/v1/mark", "", Default::default()).await;
        let mut topics = Vec::new();
        loop {
            let message = peer.next("a2a/v1").await;
            let topic = String::from_utf8(message.topic.to_vec()).unwrap();
            if topic == "a2a/v1/mark" {
                break;
            }
            topics.push(topic);
        }
        topics.sort();
        assert_eq!(topics, ["a2a/v1/mcp/servers/calc/card", "a2a/v1/mcp/tools/add/card", "a2a/v1/mcp/tools/count/card"]);
        agent.stop().await;
    }
}
