//! Identities whose reply topic the broker denies, or grants.

use mqtt_agent::bridge::{Bridge, Http, Tokens};
use mqtt_agent::prelude::*;
use mqtt_agent::tools;
use serde_json::{Value, json};
use support::TestBroker;
use tokio::net::TcpListener;

use crate::host::{Host, Make};

/// What the bridge may do: list, call, and take answers for itself and for `scout`.
const RULES: &str = "\
user server
topic readwrite #
user bridge
topic read a2a/v1/mcp/servers/+/card
topic read a2a/v1/mcp/tools/+/card
topic write a2a/v1/mcp/tools/+/call
topic write a2a/v1/mcp/tools/+/cancel
topic read a2a/v1/mcp/clients/bridge/responses
topic read a2a/v1/mcp/clients/scout/responses
topic read a2a/v1/mcp/tools/+/stream/+
";

/// Says who calls.
#[tool]
async fn whoami(caller: mqtt_agent::Caller) -> String {
    caller.claim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_7_a_caller_whose_reply_topic_the_broker_denies_is_unauthorized() {
    let config = "allow_anonymous true\nacl_file {dir}/acl\n";
    let broker = TestBroker::configured_with(config, &[("acl", RULES)]).await;
    let url = |user: &str| broker.url().replace("mqtt://", &format!("mqtt://{user}:x@"));
    let agent = Agent::new("server").tools(tools![whoami]).start(url("server")).await.unwrap();
    let options = mqtt_agent::ConnectOptions::new(url("bridge")).id("bridge");
    let bridge = Bridge::new(options).start().await.unwrap();
    let tokens = Tokens::from_text("scout scout-0123456789abcdef\nprobe probe-0123456789abcdef").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/mcp", listener.local_addr().unwrap());
    let asked = async {
        let mut answers = Vec::new();
        for token in ["scout-0123456789abcdef", "probe-0123456789abcdef"] {
            let mut host = Host::with_token(Make::Sdk2("auto"), &target, token).await;
            while !host.names().await.contains(&"whoami".to_owned()) {}
            answers.push(host.call("whoami", json!({})).await["result"].take());
            host.end().await;
        }
        answers
    };
    let answers: Vec<Value> = tokio::select! {
        answers = asked => answers,
        ended = bridge.serve_http(listener, Http::new().tokens(tokens)) => panic!("{ended:?}"),
    };
    assert_eq!(answers[0]["content"][0]["text"], "scout", "{answers:?}");
    assert_eq!(answers[1]["isError"], true, "{answers:?}");
    assert_eq!(answers[1]["_meta"]["mqtt-agent/error"]["type"], "unauthorized", "{answers:?}");
    bridge.stop().await;
    agent.stop().await;
}
