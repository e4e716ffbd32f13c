//! Several servers of one tool.

use std::sync::atomic::{AtomicUsize, Ordering};

use mqtt_agent::prelude::*;
use mqtt_agent::wire::Status;
use serde_json::json;
use support::fake_broker::{Action, Hook, Packet};
use support::{FakeBroker, Knobs, RawPeer, json, on_each_broker};

use crate::tools::*;

const ALL_CARDS: &str = "a2a/v1/mcp/servers/+/card";

/// How often somebody asked for all server cards.
fn looks(broker: &FakeBroker) -> usize {
    broker.seen().count(|event| match &event.packet {
        Packet::Subscribe(subscribe) => subscribe.filters.iter().any(|(filter, _)| filter == ALL_CARDS),
        _ => false,
    })
}

async fn stop_at_once(agents: Vec<mqtt_agent::Running>) {
    let stops: tokio::task::JoinSet<()> = agents.into_iter().map(mqtt_agent::Running::stop).collect();
    stops.join_all().await;
}

on_each_broker! {
    async fn mcp_12_sub_8a_replicas_share_the_calls_and_a_clean_stop_of_one_leaves_the_other(broker) {
        let (one, two) = (Watch::default(), Watch::default());
        let replica = |instance: &str, watch: &Watch| {
            Agent::new("calc").instance(instance).tools(tools![counted_add]).state(watch.clone())
        };
        let first = replica("a", &one).start(&broker.url()).await.unwrap();
        let second = replica("b", &two).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let servers = client.servers().await.unwrap();
        assert_eq!(servers.iter().map(|card| card.server.as_str()).collect::<Vec<_>>(), ["calc-a", "calc-b"]);
        for i in 0..40 {
            assert_eq!(client.call("counted_add", json!({"a": i, "b": 1})).await.unwrap(), json!(f64::from(i) + 1.0));
        }
        assert_eq!(one.began() + two.began(), 40, "none runs twice");
        assert!(one.began() > 5 && two.began() > 5, "both have their share: {} {}", one.began(), two.began());

        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/mcp/tools/counted_add/card").await;
        assert_eq!(json(&watcher.next("a2a/v1/mcp/tools").await)["status"], "online");
        first.stop().await;
        assert_eq!(client.server("calc-a").await.unwrap().unwrap().status, Status::Offline);
        assert_eq!(client.tool("counted_add").await.unwrap().unwrap().status, Status::Online);
        let before = two.began();
        for i in 0..20 {
            client.call("counted_add", json!({"a": i, "b": 1})).await.unwrap();
        }
        assert_eq!(two.began(), before + 20, "SUB-8a: nothing is kept for the one that left");

        second.stop().await;
        assert_eq!(json(&watcher.next("a2a/v1/mcp/tools").await)["status"], "offline", "the last one marks the tool");
    }

    async fn mcp_12_of_servers_of_one_process_that_stop_at_once_the_last_marks_the_tool(broker) {
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        let elsewhere = json!({"version": "1", "server": "elsewhere", "tools": ["add"], "status": "online"});
        watcher.retain("a2a/v1/mcp/servers/elsewhere/card", elsewhere.to_string()).await;
        let mut agents = Vec::new();
        for number in 0..20 {
            let agent = Agent::new(format!("calc-{number}")).tools(tools![add, fail]);
            agents.push(agent.start(&broker.url()).await.unwrap());
        }
        stop_at_once(agents).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let status = async |tool: &str| client.tool(tool).await.unwrap().unwrap().status;
        assert_eq!(status("fail").await, Status::Offline, "nobody is left");
        assert_eq!(status("add").await, Status::Online, "another process serves it");
    }

    async fn mcp_12_of_servers_of_one_process_that_stop_one_after_the_other_the_last_marks_the_tool(broker) {
        let mut agents = Vec::new();
        for number in 0..6 {
            let agent = Agent::new(format!("calc-{number}")).tools(tools![add, fail]);
            agents.push(agent.start(&broker.url()).await.unwrap());
        }
        let client = Client::connect(&broker.url()).await.unwrap();
        let status = async |tool: &str| client.tool(tool).await.unwrap().unwrap().status;
        while let Some(agent) = agents.pop() {
            agent.stop().await;
            let expected = if agents.is_empty() { Status::Offline } else { Status::Online };
            assert_eq!((status("add").await, status("fail").await), (expected, expected), "{} left", agents.len());
        }
    }

    async fn mcp_12_a_server_that_came_after_the_last_look_is_seen(broker) {
        let (one, two) = (Agent::new("one").tools(tools![add]), Agent::new("two").tools(tools![fail]));
        let (one, two) = (one.start(&broker.url()).await.unwrap(), two.start(&broker.url()).await.unwrap());
        one.stop().await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let tool = json!({"version": "1", "tool": "fail", "server": "elsewhere", "status": "online"});
        peer.retain("a2a/v1/mcp/tools/fail/card", tool.to_string()).await;
        let server = json!({"version": "1", "server": "elsewhere", "tools": ["fail"], "status": "online"});
        peer.retain("a2a/v1/mcp/servers/elsewhere/card", server.to_string()).await;
        two.stop().await;
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.tool("add").await.unwrap().unwrap().status, Status::Offline);
        assert_eq!(client.tool("fail").await.unwrap().unwrap().status, Status::Online);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_12_servers_of_one_process_that_stop_at_once_share_a_look_at_the_cards() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let mut agents = Vec::new();
    for number in 0..50 {
        agents.push(
            Agent::new(format!("calc-{number}")).tools(tools![add]).start(&broker.url()).await.unwrap(),
        );
    }
    stop_at_once(agents).await;
    let looks = looks(&broker);
    assert!((1..=10).contains(&looks), "{looks} looks of 50 servers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_12_where_the_stop_is_dropped_that_reads_for_the_others_another_one_reads() {
    let asked = AtomicUsize::new(0);
    let hook = Hook::new(move |event| {
        let Packet::Subscribe(subscribe) = &event.packet else { return None };
        let asks = subscribe.filters.iter().any(|(filter, _)| filter == ALL_CARDS);
        // The first one hears nothing.
        (asks && asked.fetch_add(1, Ordering::SeqCst) == 0).then_some(Action::Ignore)
    });
    let broker = FakeBroker::start(Knobs { hook, ..Knobs::default() }).await;
    let mut agents = Vec::new();
    for name in ["one", "two", "three"] {
        agents.push(Agent::new(name).tools(tools![add]).start(&broker.url()).await.unwrap());
    }
    let client = Client::connect(&broker.url()).await.unwrap();
    let mut stops = agents.into_iter().map(mqtt_agent::Running::stop).map(tokio::spawn);
    let leader = stops.next().unwrap();
    support::eventually("the first one looks", || async { (looks(&broker) > 0).then_some(()) }).await;
    let others: Vec<_> = stops.collect();
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    for other in others {
        support::soon(other).await.unwrap();
    }
    assert_eq!(client.tool("add").await.unwrap().unwrap().status, Status::Offline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_12_a_replica_that_does_not_come_up_leaves_the_tools_of_the_others_online() {
    let refuse_publish = vec![("servers/calc-b/card", 0x87)];
    let broker = FakeBroker::start(Knobs { refuse_publish, ..Knobs::default() }).await;
    let calc = Agent::new("calc").tools(tools![add]);
    let serving = calc.clone().instance("a").start(&broker.url()).await.unwrap();
    calc.instance("b").start(&broker.url()).await.unwrap_err();
    let client = Client::connect(&broker.url()).await.unwrap();
    assert_eq!(client.tool("add").await.unwrap().unwrap().status, Status::Online);
    serving.stop().await;
}
