//! Several servers of one tool.

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{RawPeer, json, on_each_broker};

use crate::tools::*;

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
        assert_eq!(client.server("calc-a").await.unwrap().unwrap().status, mqtt_agent::wire::Status::Offline);
        assert_eq!(client.tool("counted_add").await.unwrap().unwrap().status, mqtt_agent::wire::Status::Online);
        let before = two.began();
        for i in 0..20 {
            client.call("counted_add", json!({"a": i, "b": 1})).await.unwrap();
        }
        assert_eq!(two.began(), before + 20, "SUB-8a: nothing is kept for the one that left");

        second.stop().await;
        assert_eq!(json(&watcher.next("a2a/v1/mcp/tools").await)["status"], "offline", "the last one marks the tool");
    }
}
