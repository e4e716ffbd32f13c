//! Finding tools and servers.

use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{RawPeer, on_each_broker};

use crate::tools::*;

on_each_broker! {
    async fn mcp_11_tools_and_servers_are_listed_while_they_are_online(broker) {
        let one = Agent::new("one").tools(tools![add, count]).start(&broker.url()).await.unwrap();
        let two = Agent::new("two").tools(tools![fail]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let names = |cards: Vec<mqtt_agent::wire::ToolCard>| cards.into_iter().map(|card| card.tool).collect::<Vec<_>>();
        assert_eq!(names(client.tools().await.unwrap()), ["add", "count", "fail"]);
        let servers = client.servers().await.unwrap();
        assert_eq!(servers.iter().map(|card| card.server.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        two.stop().await;
        assert_eq!(names(client.tools().await.unwrap()), ["add", "count"]);
        assert_eq!(client.servers().window(Duration::from_millis(500)).await.unwrap().len(), 1);
        // The card itself stays, and says so.
        let card = client.tool("fail").await.unwrap().unwrap();
        assert_eq!(card.status, mqtt_agent::wire::Status::Offline);
        one.stop().await;
    }

    async fn mcp_11_a_single_card_is_there_at_once_and_many_look_for_it_at_once(broker) {
        let agent = Agent::new("one").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let began = Instant::now();
        let mut lookups = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let client = client.clone();
            lookups.spawn(async move { client.tool("add").within(Duration::from_secs(10)).await });
        }
        while let Some(card) = lookups.join_next().await {
            assert_eq!(card.unwrap().unwrap().unwrap().tool, "add");
        }
        assert!(began.elapsed() < Duration::from_secs(8), "nobody waited for the window to end");
        assert!(client.tool("nothing").within(Duration::from_millis(200)).await.unwrap().is_none());
        assert_eq!(client.server("one").await.unwrap().unwrap().tools, ["add"]);
        assert!(client.tool("a/b").await.is_err());
        agent.stop().await;
    }

    async fn mcp_13_a_tool_whose_card_says_offline_is_called_all_the_same(broker) {
        let agent = Agent::new("one").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let offline = json!({"version": "1", "tool": "add", "server": "one", "status": "offline"});
        peer.retain("a2a/v1/mcp/tools/add/card", offline.to_string()).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        assert!(client.tools().await.unwrap().is_empty());
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        agent.stop().await;
    }

    async fn mcp_11_tools_are_listed_as_soon_as_each_that_the_servers_name_is_there(broker) {
        let agent = Agent::new("one").tools(tools![add, count]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut shortest = Duration::MAX;
        // A busy machine may hold up some of them.
        for _ in 0..10 {
            let began = Instant::now();
            assert_eq!(client.tools().await.unwrap().len(), 2);
            shortest = shortest.min(began.elapsed());
            if shortest < Duration::from_secs(1) {
                break;
            }
        }
        assert!(shortest < Duration::from_secs(1), "none ended before the second was over: {shortest:?}");
        let began = Instant::now();
        let window = Duration::from_millis(1500);
        assert_eq!(client.tools().window(window).await.unwrap().len(), 2);
        assert!(began.elapsed() >= window, "a window that is asked for is waited for");
        agent.stop().await;
    }

    async fn mcp_11_where_a_card_may_still_come_the_whole_second_is_waited_for(broker) {
        let second = Duration::from_secs(1);
        let client = Client::connect(&broker.url()).await.unwrap();
        let began = Instant::now();
        assert!(client.tools().await.unwrap().is_empty());
        assert!(began.elapsed() >= second, "no server is known");
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let server = json!({"version": "1", "server": "one", "tools": ["here", "late"], "status": "online"});
        peer.retain("a2a/v1/mcp/servers/one/card", server.to_string()).await;
        let card = |tool: &str| json!({"version": "1", "tool": tool, "server": "one", "status": "online", "input_schema": {}}).to_string();
        peer.retain("a2a/v1/mcp/tools/here/card", card("here")).await;
        let began = Instant::now();
        assert_eq!(client.tools().partial().await.unwrap().len(), 1);
        assert!(began.elapsed() >= second, "a tool that is named has no card");
    }
}
