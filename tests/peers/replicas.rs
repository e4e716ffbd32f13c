//! One replica of ours and one of the reference SDK's share the calls of a tool.

use std::collections::HashSet;

use mqtt_agent::prelude::*;
use serde_json::json;
use support::TestBroker;

use crate::peer::Peer;
use crate::tools::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_12_mixed_replicas_share_the_calls_and_none_runs_twice() {
    let broker = TestBroker::chosen().await;
    let ran = Ran::default();
    let server = Peer::node("peer-server.mjs", &broker.url(), "reference-server").await;
    let agent = Agent::new("ours").tools(tools![add]).state(ran.clone()).start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    for i in 0..100 {
        let result = client.call("add", json!({"a": i, "b": 1})).await.unwrap();
        assert_eq!(result["sum"].as_f64(), Some(f64::from(i) + 1.0));
    }
    // Ours leaves, theirs goes on: the card says so, and nothing is lost.
    agent.stop().await;
    let card = client.tool("add").await.unwrap().unwrap();
    assert_eq!(card.status, mqtt_agent::wire::Status::Online, "another server still lists the tool");
    for i in 0..10 {
        client.call("add", json!({"a": i, "b": 1})).await.unwrap();
    }
    let here: Vec<String> = ran.0.lock().unwrap().clone();
    let said = server.stop().await;
    let there: Vec<String> = said.iter().filter_map(|line| line["ran"].as_str()).map(str::to_owned).collect();
    assert!(here.len() > 10 && there.len() > 20, "both have their share: {} {}", here.len(), there.len());
    let distinct: HashSet<_> = here.iter().chain(&there).collect();
    assert_eq!((here.len() + there.len(), distinct.len()), (110, 110), "each call ran once");
}
