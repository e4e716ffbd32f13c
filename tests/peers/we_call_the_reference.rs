//! Our client reads the reference server's cards and calls its tools.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, ConnectionState};
use serde_json::json;
use support::{TestBroker, eventually};

use crate::peer::Peer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_5_mcp_6_mcp_10_mcp_11_cards_call_error_stream_and_a_reconnect_in_between() {
    let mut broker = TestBroker::chosen().await;
    let mut server = Peer::node("peer-server.mjs", &broker.url(), "reference-server").await;
    let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();

    let tools = client.tools().await.unwrap();
    assert_eq!(tools.iter().map(|card| card.tool.as_str()).collect::<Vec<_>>(), ["add", "count", "fail"]);
    let servers = client.servers().await.unwrap();
    assert_eq!(servers[0].server, "reference-server");
    assert_eq!(servers[0].tools, ["add", "count", "fail"]);
    assert!(client.tool("count").await.unwrap().unwrap().supports_streaming);

    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap(), json!({"sum": 3}));
    let mut stream = client.call("count", json!({"n": 3})).stream().await.unwrap();
    let mut partials = Vec::new();
    while let Some(partial) = stream.next().await {
        partials.push(partial);
    }
    assert_eq!(partials, [json!({"i": 1}), json!({"i": 2}), json!({"i": 3}), json!("counted")]);
    assert_eq!(stream.finish().await.unwrap(), json!({"n": 3}));
    let error = client.call("fail", json!({})).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Tool { message, .. } if message == "this tool always fails"),
        "{error:?}"
    );

    broker.kill().await;
    broker.start().await;
    server.connected_again().await;
    let mut connection = client.connection();
    connection
        .wait_for(|state| matches!(state, ConnectionState::Connected { epoch: 2.., .. }))
        .await
        .unwrap();
    let sum = eventually("a call after the restart", || async {
        client.call("add", json!({"a": 2, "b": 2})).timeout(Duration::from_secs(1)).await.ok()
    });
    assert_eq!(sum.await, json!({"sum": 4}));
    server.stop().await;
    assert_eq!(
        client.tool("add").await.unwrap().map(|card| card.status),
        Some(mqtt_agent::wire::Status::Offline)
    );
}
