//! Watches of agents over networks that stall, and under floods; stops beside hostile peers.

use std::time::{Duration, Instant};

use mqtt_agent::a2a::AgentChange;
use mqtt_agent::prelude::*;
use support::{Proxy, RawPeer, json as body, on_each_broker, soon};

use crate::common::*;

on_each_broker! {
    async fn a_watch_over_a_stalled_network_tells_what_changed_when_it_flows_again(broker) {
        let far = Proxy::start(broker.address()).await;
        let client = Client::connect(far.url()).await.unwrap();
        let mut watch = client.agents().watch().await.unwrap();
        far.freeze();
        let agent = worker(&Gate::new()).start(broker.url()).await.unwrap();
        let early = tokio::time::timeout(NOTHING, watch.next()).await;
        assert!(early.is_err(), "{early:?}");
        far.thaw();
        let joined = soon(watch.next()).await.unwrap();
        assert!(matches!(&joined, AgentChange::Joined(card) if card.agent_id == "worker"), "{joined:?}");
        agent.stop().await;
    }

    async fn a_watch_that_is_read_in_a_flood_of_changes_ends_with_the_latest_state(broker) {
        const CHANGES: usize = 5000;
        let client = Client::connect(broker.url()).await.unwrap();
        let mut watch = client.agents().watch().await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let card = json!({"version": "1", "agent_id": "busy", "name": "busy", "description": "", "status": "online"});
        peer.retain("a2a/v1/agents/busy/card", card.to_string()).await;
        let status = |status: &str| json!({"agent_id": "busy", "status": status, "last_seen": "2026-01-01T00:00:00Z"}).to_string();
        let flood = tokio::spawn(async move {
            let statuses = (0..CHANGES).map(|number| {
                let text = status(if number % 2 == 0 { "online" } else { "offline" });
                ("a2a/v1/agents/busy/status".to_owned(), text)
            });
            peer.retain_all(statuses).await;
            // Another agent is the last: all was told before it.
            let last = json!({"version": "1", "agent_id": "last", "name": "last", "description": "", "status": "online"});
            peer.retain("a2a/v1/agents/last/card", last.to_string()).await;
            peer
        });
        let (mut is_there, mut is_over) = (false, false);
        // That it left is told a moment after the last change.
        while is_there || !is_over {
            match soon(watch.next()).await.unwrap() {
                AgentChange::Joined(card) if card.agent_id == "last" => is_over = true,
                AgentChange::Joined(_) if !is_there => is_there = true,
                AgentChange::Left(_) if is_there => is_there = false,
                change => panic!("{change:?}; it is there: {is_there}"),
            }
        }
        drop(flood.await.unwrap());
    }

    async fn an_agent_stops_in_time_while_a_peer_sends_it_garbage(broker) {
        let gate = Gate::new();
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/agents/worker/status").await;
        assert_eq!(body(&watcher.next("a2a/v1/agents/worker/status").await)["status"], "online");
        let hostile = RawPeer::connect(&broker.url(), "hostile").await;
        let (sent, mut floods) = tokio::sync::watch::channel(0);
        let garbage = tokio::spawn(async move {
            for number in 0_u64.. {
                sent.send_replace(number);
                let text = ["{", "[1]", r#"{"task_id":7}"#, r#"{"call_id":"x","client":"y"}"#][number as usize % 4];
                hostile.fire("a2a/v1/tasks/worker/inbox", text).await;
                hostile.fire("a2a/v1/mcp/tools/double/call", text).await;
                hostile.fire("a2a/v1/tasks/worker/results", text).await;
                tokio::task::yield_now().await;
            }
        });
        soon(floods.wait_for(|sent| *sent >= 100)).await.unwrap();
        let began = Instant::now();
        soon(agent.stop()).await;
        assert!(began.elapsed() < Duration::from_secs(7), "it took {:?}", began.elapsed());
        assert!(!garbage.is_finished(), "it was flooded to the end");
        assert_eq!(body(&watcher.next("a2a/v1/agents/worker/status").await)["status"], "offline");
        garbage.abort();
    }
}
