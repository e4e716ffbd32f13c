//! Identities whose reply topic the broker denies, or grants.

use mqtt_agent::bridge::{Bridge, Http, Tokens};
use mqtt_agent::prelude::*;
use mqtt_agent::tools;
use serde_json::{Value, json};
use support::TestBroker;
use tokio::net::TcpListener;

use crate::host::{Host, Make};

/// Says who calls.
#[tool]
async fn whoami(caller: mqtt_agent::Caller) -> String {
    caller.claim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_7_a_caller_whose_reply_topic_the_broker_denies_is_unauthorized() {
    let allow =
        |kind: &str, topic: &str| json!({"acltype": kind, "topic": topic, "priority": 1, "allow": true});
    // Everybody may publish; nobody may take the answers of `probe`.
    let dynsec = json!({
        "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": false, "unsubscribe": true},
        "clients": [], "groups": [{"groupname": "anonymous", "roles": [{"rolename": "all"}]}],
        "roles": [{"rolename": "all", "acls": [
            allow("subscribePattern", "a2a/v1/mcp/servers/#"),
            allow("subscribePattern", "a2a/v1/mcp/tools/#"),
            allow("subscribeLiteral", "$share/mcp-tool-whoami/a2a/v1/mcp/tools/whoami/call"),
            allow("subscribeLiteral", "a2a/v1/mcp/clients/bridge/responses"),
            allow("subscribeLiteral", "a2a/v1/mcp/clients/scout/responses"),
        ]}],
        "anonymousGroup": "anonymous",
    });
    let lines = "allow_anonymous true\nplugin {plugins}/mosquitto_dynamic_security.so\nplugin_opt_config_file {dir}/dynsec.json";
    let broker = TestBroker::configured_with(lines, &[("dynsec.json", &dynsec.to_string())]).await;
    let agent = Agent::new("server").tools(tools![whoami]).start(broker.url()).await.unwrap();
    let options = mqtt_agent::ConnectOptions::new(broker.url()).id("bridge");
    let bridge = Bridge::new(options).start().await.unwrap();
    let tokens = Tokens::from_text("scout scout-0123456789abcdef\nprobe probe-0123456789abcdef").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/mcp", listener.local_addr().unwrap());
    let asked = async {
        let mut answers = Vec::new();
        for token in ["scout-0123456789abcdef", "probe-0123456789abcdef"] {
            let mut host = Host::with_token(Make::Sdk2("auto"), &target, token).await;
            support::soon(async { while !host.names().await.contains(&"whoami".to_owned()) {} }).await;
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
