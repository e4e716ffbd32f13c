//! An agent's own retained messages: what somebody else deletes or changes is published again.

use std::time::Duration;

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{Log, RawPeer, json, on_each_broker};

use crate::skills::*;
use crate::tools::*;

const TOOL: &str = "a2a/v1/mcp/tools/add/card";
const SERVER: &str = "a2a/v1/mcp/servers/desk/card";
const CARD: &str = "a2a/v1/agents/desk/card";
const STATUS: &str = "a2a/v1/agents/desk/status";

/// Waits until what came last on a topic is online. What comes after it is not waited for.
async fn online(peer: &mut RawPeer, topic: &str) {
    loop {
        let message = peer.next(topic).await;
        if !message.payload.is_empty() && json(&message)["status"] == "online" {
            return;
        }
    }
}

on_each_broker! {
    async fn sub_16_what_somebody_deletes_or_changes_is_published_again(broker) {
        let agent = desk(&Desk::default()).tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "admin").await;
        for topic in [TOOL, SERVER, CARD, STATUS] {
            peer.subscribe(topic).await;
            online(&mut peer, topic).await;
        }
        // A person clears, a peer writes nonsense, and another says that the agent is gone.
        let offline = json!({"agent_id": "desk", "status": "offline", "last_seen": "2026-01-01T00:00:00Z"});
        for (topic, payload) in [(TOOL, ""), (SERVER, ""), (CARD, "[]"), (STATUS, &offline.to_string())] {
            // The watch may not be there yet: it is made when the agent serves already.
            for attempt in 1.. {
                peer.retain(topic, payload).await;
                peer.next(topic).await;
                let again = peer.next_within(topic, Duration::from_secs(5)).await;
                if again.is_some_and(|again| json(&again)["status"] == "online") {
                    break;
                }
                assert!(attempt < 3, "{topic} is not published again");
            }
        }
        agent.stop().await;
        for topic in [SERVER, CARD, STATUS] {
            let last = peer.next(topic).await;
            assert_eq!(json(&last)["status"], "offline", "{topic}");
        }
    }

    async fn sub_16_a_client_says_that_a_tools_card_names_another_server_while_the_former_is_online(broker) {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || writer.clone());
        let _logged = tracing::subscriber::set_default(lines.finish());
        let agent = Agent::new("desk").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "thief").await;
        let says = "names another server";
        // The agent repairs its card after a while; until then the thief's is there.
        for server in ["desk", "thief"] {
            peer.subscribe(TOOL).await;
            let mut card = json(&peer.next(TOOL).await);
            card["server"] = json!(server);
            peer.retain(TOOL, card.to_string()).await;
            assert!(log.lines(says).is_empty());
            client.tools().await.unwrap();
        }
        let said = log.lines(says);
        assert!(said.iter().any(|line| line.contains("desk") && line.contains("thief")), "{said:?}");
        agent.stop().await;
    }

    async fn sub_16_a_reconnect_is_no_reason_to_publish_twice(broker) {
        let agent = desk(&Desk::default()).tools(tools![add]).start(&broker.url()).await.unwrap();
        broker.kill().await;
        broker.start().await;
        let mut peer = RawPeer::connect(&broker.url(), "admin").await;
        peer.subscribe(CARD).await;
        online(&mut peer, CARD).await;
        // What was retained, and what the agent says after its reconnect.
        let mut more = 0;
        while peer.next_within(CARD, Duration::from_secs(6)).await.is_some() {
            more += 1;
        }
        assert!(more <= 1, "{more} more");
        agent.stop().await;
    }
}
