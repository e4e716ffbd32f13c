//! Watching tools and servers, and listing some of them.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{ServerChange, ServerChanges, ToolChange, ToolChanges};
use serde_json::json;
use support::{RawPeer, on_each_broker, soon};

use crate::tools::*;

async fn tool(changes: &mut ToolChanges) -> (&'static str, String) {
    match soon(changes.next()).await.unwrap() {
        ToolChange::Joined(card) => ("joined", card.tool),
        ToolChange::Changed(card) => ("changed", card.tool),
        ToolChange::Left(name) => ("left", name),
        other => panic!("{other:?}"),
    }
}

async fn server(changes: &mut ServerChanges) -> (&'static str, String) {
    match soon(changes.next()).await.unwrap() {
        ServerChange::Joined(card) => ("joined", card.server),
        ServerChange::Changed(card) => ("changed", card.server),
        ServerChange::Left(name) => ("left", name),
        other => panic!("{other:?}"),
    }
}

on_each_broker! {
    async fn mcp_11_tools_and_servers_join_change_and_leave(broker) {
        let one = Agent::new("one").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut tools = client.tools().watch().await.unwrap();
        let mut servers = client.servers().watch().await.unwrap();
        assert_eq!(tool(&mut tools).await, ("joined", "add".to_owned()));
        assert_eq!(server(&mut servers).await, ("joined", "one".to_owned()));
        let two = Agent::new("two").tools(tools![count]).start(&broker.url()).await.unwrap();
        assert_eq!(tool(&mut tools).await, ("joined", "count".to_owned()));
        assert_eq!(server(&mut servers).await, ("joined", "two".to_owned()));
        assert!(tools.is_complete() && servers.is_complete());
        two.stop().await;
        assert_eq!(tool(&mut tools).await, ("left", "count".to_owned()));
        assert_eq!(server(&mut servers).await, ("left", "two".to_owned()));
        // Another description.
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let mut card = client.tool("add").await.unwrap().unwrap();
        card.description = "Adds two numbers, exactly.".to_owned();
        peer.retain("a2a/v1/mcp/tools/add/card", card.to_bytes()).await;
        assert_eq!(tool(&mut tools).await, ("changed", "add".to_owned()));
        one.stop().await;
        client.close().await;
        while let Some(change) = soon(tools.next()).await {
            assert!(matches!(change, ToolChange::Left(_) | ToolChange::Changed(_)), "{change:?}");
        }
        assert_eq!(soon(tools.next()).await, None, "a watch ends with its client");
    }

    async fn mcp_13_a_tool_leaves_when_its_only_server_crashes(broker) {
        let to = ConnectOptions::new(broker.url()).will_delay(Duration::ZERO);
        let one = Agent::new("one").tools(tools![add]).start(to).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut tools = client.tools().watch().await.unwrap();
        assert_eq!(tool(&mut tools).await, ("joined", "add".to_owned()));
        drop(one);
        assert_eq!(tool(&mut tools).await, ("left", "add".to_owned()));
    }

    async fn a_watch_and_a_listing_tell_of_what_the_filter_lets_through(broker) {
        let one = Agent::new("one").tools(tools![add, count]).start(&broker.url()).await.unwrap();
        let two = Agent::new("two").tools(tools![fail]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let names = |cards: Vec<mqtt_agent::wire::ToolCard>| cards.into_iter().map(|card| card.tool).collect::<Vec<_>>();
        assert_eq!(names(client.tools().tag("math").await.unwrap()), ["add"]);
        assert_eq!(names(client.tools().read_only().await.unwrap()), ["add"]);
        assert!(client.tools().tag("physics").await.unwrap().is_empty());
        let servers = client.servers().tool("fail").await.unwrap();
        assert_eq!(servers.into_iter().map(|card| card.server).collect::<Vec<_>>(), ["two"]);
        let mut tools = client.tools().tag("math").watch().await.unwrap();
        let mut servers = client.servers().tool("fail").watch().await.unwrap();
        assert_eq!(tool(&mut tools).await, ("joined", "add".to_owned()));
        assert_eq!(server(&mut servers).await, ("joined", "two".to_owned()));
        let more = tokio::time::timeout(Duration::from_millis(500), tools.next()).await;
        assert!(more.is_err(), "{more:?}");
        one.stop().await;
        two.stop().await;
        assert_eq!(tool(&mut tools).await, ("left", "add".to_owned()));
        assert_eq!(server(&mut servers).await, ("left", "two".to_owned()));
    }

    async fn a_card_that_is_garbage_or_restless_troubles_no_watch(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut tools = client.tools().watch().await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.retain("a2a/v1/mcp/tools/odd/card", "[]").await;
        peer.retain("a2a/v1/mcp/tools/other/card", json!({"tool": "another", "status": "online"}).to_string()).await;
        for round in 0..200 {
            let status = if round % 2 == 0 { "offline" } else { "online" };
            peer.retain("a2a/v1/mcp/tools/restless/card", json!({"status": status}).to_string()).await;
        }
        peer.retain("a2a/v1/mcp/tools/calm/card", json!({"status": "online"}).to_string()).await;
        let mut joined = [tool(&mut tools).await, tool(&mut tools).await];
        joined.sort();
        assert_eq!(joined, [("joined", "calm".to_owned()), ("joined", "restless".to_owned())]);
        peer.retain("a2a/v1/mcp/tools/calm/card", "").await;
        assert_eq!(tool(&mut tools).await, ("left", "calm".to_owned()));
    }
}
