//! Listings of many cards: complete, or said to be incomplete.
//!
//! Those with 10,000 take longer and are run by name: `cargo test .. -- --ignored ten_thousand`.

use std::time::{Duration, Instant};

use mqtt_agent::a2a::AgentChange;
use mqtt_agent::prelude::*;
#[cfg(feature = "peers")]
use mqtt_agent::{DiscoverError, Shortfall};
use serde_json::json;
use support::{RawPeer, TestBroker, eventually, on_each_broker, soon};

use crate::tools::*;

/// Mosquitto's queues as the guide has them.
#[cfg(feature = "peers")]
const GUIDE: &str = "max_inflight_messages 200\nmax_queued_messages 0";

/// The card and the status of an agent.
fn agent(id: &str, status: &str) -> [(String, String); 2] {
    let card = json!({
        "version": "1", "agent_id": id, "name": id, "namespace": "a2a/v1", "status": "online",
        "description": "Does what it is asked.", "capabilities": [],
        "endpoints": {"inbox": format!("a2a/v1/tasks/{id}/inbox"), "results": format!("a2a/v1/tasks/{id}/results")},
    });
    let status = json!({"agent_id": id, "status": status});
    [
        (format!("a2a/v1/agents/{id}/card"), card.to_string()),
        (format!("a2a/v1/agents/{id}/status"), status.to_string()),
    ]
}

fn tool(name: &str, server: &str) -> (String, String) {
    let card = json!({
        "version": "1", "tool": name, "server": server, "namespace": "a2a/v1", "status": "online",
        "description": "Does something.", "input_schema": {"type": "object", "properties": {}},
    });
    (format!("a2a/v1/mcp/tools/{name}/card"), card.to_string())
}

fn server(id: &str, tools: &[String], status: &str) -> (String, String) {
    let card = json!({"version": "1", "server": id, "namespace": "a2a/v1", "tools": tools, "status": status});
    (format!("a2a/v1/mcp/servers/{id}/card"), card.to_string())
}

fn names(what: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{what}-{number:05}")).collect()
}

async fn publish(broker: &TestBroker, messages: impl IntoIterator<Item = (String, String)>) {
    RawPeer::connect(&broker.url(), "publisher").await.retain_all(messages).await;
}

async fn publish_agents(broker: &TestBroker, count: usize) -> Vec<String> {
    let names = names("agent", count);
    publish(broker, names.iter().flat_map(|id| agent(id, "online"))).await;
    names
}

/// Many tools, of so many servers.
async fn publish_tools(broker: &TestBroker, count: usize, servers: usize) -> Vec<String> {
    let names = names("tool", count);
    for (number, tools) in names.chunks(count / servers).enumerate() {
        let id = format!("server-{number:05}");
        let cards = tools.iter().map(|name| tool(name, &id));
        publish(broker, cards.chain([server(&id, tools, "online")])).await;
    }
    names
}

/// Lists, and prints how long it took.
async fn timed<T>(what: &str, list: impl IntoFuture<Output = T>) -> T {
    let began = Instant::now();
    let listed = list.await;
    println!("{what}: {:?}", began.elapsed());
    listed
}

async fn all_agents(broker: &TestBroker, count: usize) {
    let names = publish_agents(broker, count).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let agents = timed("all agents", client.agents()).await.unwrap();
    let listed: Vec<_> = agents.into_iter().map(|card| card.agent_id).collect();
    assert!(listed == names, "{} of {count}", listed.len());
}

async fn all_tools(broker: &TestBroker, count: usize, servers: usize) {
    let names = publish_tools(broker, count, servers).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let tools = timed("all tools", client.tools()).await.unwrap();
    let listed: Vec<_> = tools.into_iter().map(|card| card.tool).collect();
    assert!(listed == names, "{} of {count}", listed.len());
    let listed = timed("all servers", client.servers()).await.unwrap();
    assert_eq!(listed.len(), servers);
}

/// All, or marked incomplete: never fewer in silence.
#[cfg(feature = "peers")]
async fn all_agents_or_marked(broker: &TestBroker, count: usize) {
    publish_agents(broker, count).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let listing = timed("partial agents", client.agents().partial()).await.unwrap();
    println!("{} of {count}, {:?}", listing.len(), listing.shortfall());
    assert!(listing.len() == count || !listing.is_complete(), "{} in silence", listing.len());
    assert!(listing.missing().is_empty(), "all that are known by name were fetched");
    assert!(listing.len() >= 1000);
}

on_each_broker! {
    async fn mcp_13_a_tool_is_online_when_a_server_that_lists_it_is(broker) {
        let served = ["shared".to_owned(), "own".to_owned()];
        publish(broker, [
            tool("shared", "down"), tool("own", "down"), tool("dropped", "up"), tool("unread", "hidden"),
            server("down", &served, "offline"), server("up", &["shared".to_owned()], "online"),
        ]).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let tools = client.tools().await.unwrap();
        let listed: Vec<_> = tools.iter().map(|card| card.tool.as_str()).collect();
        assert_eq!(listed, ["shared", "unread"], "the card of `hidden` cannot be read, so that the tool's alone counts");
    }

    async fn mcp_19_tools_of_an_agent_that_crashed_are_not_listed(broker) {
        let lists = |status: &str| {
            let card = json!({"version": "1", "server": "both", "tools": ["help"], "status": "online", "agent_id": "both"});
            let [_, status] = agent("both", status);
            [("a2a/v1/mcp/servers/both/card".to_owned(), card.to_string()), tool("help", "both"), status]
        };
        publish(broker, lists("online")).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.tools().await.unwrap().len(), 1);
        publish(broker, lists("offline")).await;
        assert!(client.tools().await.unwrap().is_empty());
    }

    async fn a2a_3_the_status_decides_and_the_card_where_there_is_none(broker) {
        let [alone, _] = agent("alone", "online");
        let [_, statusless] = agent("cardless", "online");
        publish(broker, agent("up", "online").into_iter().chain(agent("down", "offline")).chain([alone, statusless])).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let agents = client.agents().await.unwrap();
        assert_eq!(agents.iter().map(|card| card.agent_id.as_str()).collect::<Vec<_>>(), ["alone", "up"]);
    }

    async fn mcp_11_two_thousand_agents_are_listed(broker) {
        broker.lengthen_queues().await;
        all_agents(broker, 2000).await;
    }

    async fn mcp_11_two_thousand_tools_are_listed(broker) {
        broker.lengthen_queues().await;
        all_tools(broker, 2000, 4).await;
    }

    async fn an_unread_watch_holds_up_nothing_and_tells_only_what_is_different_in_the_end(broker) {
        let served = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        let ids = names("agent", 20);
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        // More than any queue on the way has room for, and all of it comes to nothing but what comes last.
        for round in 0..400 {
            let status = if round % 2 == 0 { "online" } else { "offline" };
            peer.retain_all(ids.iter().flat_map(|id| agent(id, status))).await;
        }
        peer.retain_all(ids.iter().flat_map(|id| agent(id, "online"))).await;
        peer.retain_all(agent("last", "online")).await;
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        eventually("the last agent", || async { client.agent("last").await.ok()? }).await;
        let mut joined = Vec::new();
        while joined.len() < 21 {
            match soon(changes.next()).await.unwrap() {
                AgentChange::Joined(card) => joined.push(card.agent_id),
                other => panic!("{other:?}"),
            }
        }
        assert!(changes.is_complete());
        let more = tokio::time::timeout(Duration::from_millis(300), changes.next()).await;
        assert!(more.is_err(), "{more:?}");
        peer.retain_all(agent("last", "offline")).await;
        assert_eq!(soon(changes.next()).await, Some(AgentChange::Left("last".to_owned())));
        served.stop().await;
    }
}

/// Mosquitto's queues as they come.
#[cfg(feature = "peers")]
mod configured {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_11_seven_hundred_agents_are_listed_and_watched_although_their_messages_overflow_a_queue() {
        let broker = TestBroker::stock().await;
        all_agents(&broker, 700).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        for _ in 0..700 {
            assert!(matches!(soon(changes.next()).await, Some(AgentChange::Joined(_))));
        }
        assert!(changes.is_complete());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_11_agents_that_the_broker_dropped_make_the_listing_incomplete() {
        let broker = TestBroker::stock().await;
        all_agents_or_marked(&broker, 2000).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.agents().await.map(|agents| agents.len()).unwrap_err();
        assert!(matches!(error, DiscoverError::Incomplete { cause: Shortfall::Dropped, .. }), "{error:?}");
        assert!(error.to_string().contains("raise its limit of queued messages"), "{error}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_11_tools_that_the_broker_dropped_are_fetched_by_the_names_on_the_servers_cards() {
        all_tools(&TestBroker::stock().await, 2000, 4).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_11_servers_that_the_broker_dropped_make_both_listings_incomplete() {
        let broker = TestBroker::stock().await;
        let servers = names("server", 1500);
        let cards =
            servers.iter().flat_map(|id| [tool(id, id), server(id, std::slice::from_ref(id), "online")]);
        publish(&broker, cards).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let listed = client.servers().partial().await.unwrap();
        assert_eq!(listed.shortfall(), Some(Shortfall::Dropped));
        let listed = client.tools().partial().await.unwrap();
        assert_eq!(listed.shortfall(), Some(Shortfall::Dropped));
    }
}

mod ten_thousand {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "long; run by name"]
    async fn on_the_embedded_broker() {
        all_agents(&TestBroker::embedded().await, 10_000).await;
        all_tools(&TestBroker::embedded().await, 10_000, 10).await;
    }

    #[cfg(feature = "peers")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "long; run by name"]
    async fn on_mosquitto_as_the_readme_has_it() {
        all_agents(&TestBroker::configured(GUIDE).await, 10_000).await;
        all_tools(&TestBroker::configured(GUIDE).await, 10_000, 10).await;
    }

    #[cfg(feature = "peers")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "long; run by name"]
    async fn on_stock_mosquitto() {
        all_agents_or_marked(&TestBroker::stock().await, 10_000).await;
        all_tools(&TestBroker::stock().await, 10_000, 10).await;
    }
}

/// A tool and its server, and an agent.
fn one_of_each() -> Vec<(String, String)> {
    let cards = [tool("add", "up"), server("up", &["add".to_owned()], "online")];
    cards.into_iter().chain(agent("desk", "online")).collect()
}

/// How many there are, unless it is said that this is not known.
fn known<T>(listed: Result<mqtt_agent::Listing<T>, mqtt_agent::DiscoverError>) -> Option<usize> {
    listed.ok().filter(mqtt_agent::Listing::is_complete).map(|listing| listing.len())
}

/// Looks at a broker that is lost behind so many grants.
async fn look_at_a_lost_broker(granted: usize) {
    let is_right = |known: Option<usize>, what: &str| match granted {
        // The broker is there again long before the listing has to end.
        1 => assert_eq!(known, Some(1), "{what} behind the first grant"),
        _ => assert_ne!(known, Some(0), "{what} behind {granted} grants"),
    };
    let connect = async || {
        let broker = support::lost_behind_the_grant(&one_of_each(), granted).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        (broker, client)
    };
    let tools = async {
        let (_broker, client) = connect().await;
        is_right(known(client.tools().partial().await), "tools");
    };
    let servers = async {
        let (_broker, client) = connect().await;
        is_right(known(client.servers().partial().await), "servers");
    };
    let agents = async {
        let (_broker, client) = connect().await;
        is_right(known(client.agents().partial().await), "agents");
    };
    soon(async { tokio::join!(tools, servers, agents) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_11_a_listing_that_lost_its_connection_is_not_complete_and_empty() {
    for granted in [1, 2] {
        look_at_a_lost_broker(granted).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_11_a_card_is_not_missed_for_want_of_a_connection() {
    let connect = async || {
        let broker = support::lost_behind_the_grant(&one_of_each(), 1).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        (broker, client)
    };
    let tool = async {
        let (_broker, client) = connect().await;
        assert!(client.tool("add").await.unwrap().is_some(), "a tool");
    };
    let server = async {
        let (_broker, client) = connect().await;
        assert!(client.server("up").await.unwrap().is_some(), "a server");
    };
    let agent = async {
        let (_broker, client) = connect().await;
        assert!(client.agent("desk").await.unwrap().is_some(), "an agent");
    };
    soon(async { tokio::join!(tool, server, agent) }).await;
}
