//! The reference client reads our cards and calls our tools.

use mqtt_agent::ConnectionState;
use mqtt_agent::prelude::*;
use serde_json::json;
use support::TestBroker;

use crate::peer::Peer;
use crate::tools::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_1_mcp_3_mcp_6_mcp_10_card_call_error_stream_and_a_reconnect_in_between() {
    let mut broker = TestBroker::chosen().await;
    let agent = Agent::new("ours").tools(tools![add, count, fail]).state(Ran::default());
    let agent = agent.start(&broker.url()).await.unwrap();
    let mut client = Peer::node("peer-client.mjs", &broker.url(), "reference-client").await;

    let card = client.ask(json!({"card": "add"})).await["card"].take();
    assert_eq!(
        (card["tool"].as_str(), card["server"].as_str(), card["status"].as_str()),
        (Some("add"), Some("ours"), Some("online"))
    );
    assert_eq!(card["input_schema"]["required"], json!(["a", "b"]));

    let answer = client.ask(json!({"call": "add", "arguments": {"a": 1, "b": 2}})).await;
    assert_eq!(answer["result"], json!({"sum": 3}));
    let answer = client.ask(json!({"call": "count", "arguments": {"n": 3}, "stream": true})).await;
    assert_eq!(answer["result"], json!({"n": 3}));
    assert_eq!(
        answer["partials"],
        json!([{"i": 1}, {"i": 2}, {"i": 3}]),
        "and nothing for the end of the stream"
    );
    let answer = client.ask(json!({"call": "fail"})).await;
    assert_eq!(answer["error"], "MCP tool \"fail\" failed (tool_error): this tool always fails");
    let answer = client.ask(json!({"call": "add", "arguments": {"a": "x"}})).await;
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains("(invalid_arguments)") && error.contains("`/b`: missing"), "{error}");

    broker.kill().await;
    broker.start().await;
    client.connected_again().await;
    let mut connection = agent.connection();
    connection
        .wait_for(|state| matches!(state, ConnectionState::Connected { epoch: 2.., .. }))
        .await
        .unwrap();
    let mut answer = json!(null);
    for _ in 0..20 {
        answer = client.ask(json!({"call": "add", "arguments": {"a": 2, "b": 2}, "timeout": 1000})).await;
        if answer["result"] == json!({"sum": 4}) {
            break;
        }
    }
    assert_eq!(answer["result"], json!({"sum": 4}));
    assert_eq!(client.ask(json!({"card": "add"})).await["card"]["status"], "online");
    client.stop().await;
    agent.stop().await;
}
