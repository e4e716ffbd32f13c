//! A server with exactly the rights that the specification gives it (§4) serves, and leaves what it may not know.

#![cfg(feature = "peers")]

use mqtt_agent::prelude::*;
use serde_json::json;
use support::TestBroker;

use crate::tools::*;

/// The rights of a server of the tool `count`.
const PUBLISH: [&str; 4] = [
    "a2a/v1/mcp/servers/calc/card",
    "a2a/v1/mcp/tools/count/card",
    "a2a/v1/mcp/clients/+/responses",
    "a2a/v1/mcp/tools/count/stream/+",
];

/// `s3cret` as the dynamic security of Mosquitto keeps it.
const SALT: &str = "c2FsdHNhbHRzYWx0";
const HASH: &str = "7nhpQqBZNgXpxQzxVG4wnmRn6EDDG1iOxWpYa8ajRys6JfkOAeGxAPCaR2JNMitIXilJ+kSY0RRzgEYOuOjfFw==";

async fn serves_and_stops(broker: &TestBroker) {
    let options = ConnectOptions::new(broker.url()).credentials("server", "s3cret");
    let agent = Agent::new("calc").tools(tools![count]).start(&options).await.unwrap();
    let all = ConnectOptions::new(broker.url()).credentials("scout", "s3cret").id("scout");
    let client = Client::connect(all).await.unwrap();
    let mut steps = client.call("count", json!({"n": 3})).stream().await.unwrap();
    let mut partials = 0;
    while steps.next().await.is_some() {
        partials += 1;
    }
    assert_eq!(partials, 3);
    steps.finish().await.unwrap();
    agent.stop().await;
    let card = client.tool("count").await.unwrap().unwrap();
    assert_eq!(card.status, mqtt_agent::wire::Status::Online, "others may serve it: it cannot know");
    let server = client.server("calc").await.unwrap().unwrap();
    assert_eq!(server.status, mqtt_agent::wire::Status::Offline);
}

mod configured {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_12_mcp_17_a_server_with_the_rights_of_the_specification_serves_under_an_acl_file() {
        let publish: String = PUBLISH.iter().map(|topic| format!("topic write {topic}\n")).collect();
        let acl = format!(
            "user scout\ntopic readwrite #\nuser server\n{publish}topic read a2a/v1/mcp/tools/count/call\n"
        );
        let lines = "allow_anonymous false\nacl_file {dir}/acl\npassword_file {dir}/passwords";
        let passwords = crate::denied::configured::passwords_file();
        let broker = TestBroker::configured_with(lines, &[("acl", &acl), ("passwords", &passwords)]).await;
        serves_and_stops(&broker).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_12_mcp_17_a_server_with_the_rights_of_the_specification_serves_where_all_else_is_refused() {
        let acl =
            |kind: &str, topic: &str| json!({"acltype": kind, "topic": topic, "priority": 1, "allow": true});
        let calls = "$share/mcp-tool-count/a2a/v1/mcp/tools/count/call";
        let mut server: Vec<_> = PUBLISH.iter().map(|topic| acl("publishClientSend", topic)).collect();
        server.push(acl("subscribeLiteral", calls));
        let all = [acl("publishClientSend", "#"), acl("subscribePattern", "#")];
        // Both have the password `s3cret`.
        let client = |name: &str| {
            json!({
                "username": name, "roles": [{"rolename": name}], "salt": SALT, "iterations": 101, "password": HASH,
            })
        };
        let dynsec = json!({
            "defaultACLAccess": {
                "publishClientSend": false, "publishClientReceive": true, "subscribe": false, "unsubscribe": true,
            },
            "clients": [client("server"), client("scout")], "groups": [],
            "roles": [{"rolename": "server", "acls": server}, {"rolename": "scout", "acls": all}],
        });
        let lines = "allow_anonymous false\nplugin {plugins}/mosquitto_dynamic_security.so\n\
             plugin_opt_config_file {dir}/dynsec.json";
        let broker = TestBroker::configured_with(lines, &[("dynsec.json", &dynsec.to_string())]).await;
        serves_and_stops(&broker).await;
    }
}
