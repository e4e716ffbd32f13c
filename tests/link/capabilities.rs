//! What CONNACK excludes is never sent, and the operation that needs it fails at once with its cause (`SUB-10a`).

use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use support::fake_broker::{Answer, Missing, Packet, Properties, Value, property};
use support::{FakeBroker, Knobs};

use crate::common::*;

/// What an operator has to read where a tool server can't share its calls.
fn assert_names_shared_subscriptions(text: &str) {
    assert_says(text, &["shared subscription", "Mosquitto", "EMQX", "HiveMQ", "without_replicas"]);
}

fn shared_subscriptions_sent(broker: &FakeBroker) -> usize {
    broker.seen().count(|event| match &event.packet {
        Packet::Subscribe(subscribe) => {
            subscribe.filters.iter().any(|(filter, _)| filter.starts_with("$share/"))
        }
        _ => false,
    })
}

#[tokio::test]
async fn sub_10a_a_tool_server_without_shared_subscriptions_fails_at_once_and_sends_none() {
    let broker = FakeBroker::start(Knobs { shared: false, ..Knobs::default() }).await;
    let (text, took) = start_error(calculator(), &broker).await;
    assert_names_shared_subscriptions(&text);
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(shared_subscriptions_sent(&broker), 0);
}

#[tokio::test]
async fn sub_10a_a_broker_that_refuses_a_shared_subscription_gets_the_same_error() {
    let knobs = Knobs { shared: false, announced: false, missing: Missing::Refused, ..Knobs::default() };
    let broker = FakeBroker::start(knobs).await;
    let (text, took) = start_error(calculator(), &broker).await;
    assert_names_shared_subscriptions(&text);
    assert!(took < AT_ONCE, "{took:?}");
}

#[tokio::test]
async fn sub_10a_a_broker_that_disconnects_at_a_shared_subscription_gets_the_same_error() {
    let broker = FakeBroker::start(Knobs { shared: false, announced: false, ..Knobs::default() }).await;
    let (text, took) = start_error(calculator(), &broker).await;
    assert_names_shared_subscriptions(&text);
    assert!(took < PATIENT, "{took:?}");
}

#[tokio::test]
async fn mcp_12_a_server_without_replicas_serves_by_plain_subscriptions() {
    let broker = FakeBroker::start(Knobs { shared: false, ..Knobs::default() }).await;
    let agent = calculator().without_replicas().start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap(), json!(3.0));
    let card = broker.seen().publish(1, "mcp/tools/add/card").await;
    let card: serde_json::Value = serde_json::from_slice(&card.payload).unwrap();
    assert_eq!(card["replicas"], false, "MCP-12");
    assert_eq!(shared_subscriptions_sent(&broker), 0);
    agent.stop().await;
}

#[tokio::test]
async fn a_call_to_a_server_that_is_never_delivered_to_ends_by_its_timeout() {
    let broker = FakeBroker::start(Knobs { deliver_shared: false, ..Knobs::default() }).await;
    let (agent, client) = agent_and_client(&broker).await;
    let began = Instant::now();
    let call = client.call("add", json!({"a": 1, "b": 2})).timeout(Duration::from_millis(500));
    let error = call.await.unwrap_err();
    assert!(matches!(error, mqtt_agent::CallError::Timeout { .. }), "{error:?}");
    assert!(began.elapsed() < AT_ONCE);
    agent.stop().await;
}

#[tokio::test]
async fn sub_10a_a_tool_server_without_retained_messages_fails_at_once() {
    for missing in [Missing::Disconnect, Missing::Taken] {
        let broker = FakeBroker::start(Knobs { retain: false, missing, ..Knobs::default() }).await;
        let (text, took) = start_error(calculator(), &broker).await;
        assert_says(&text, &["retain"]);
        assert!(took < AT_ONCE, "{missing:?}: {took:?}");
        let retained = broker.seen().count(|event| matches!(&event.packet, Packet::Publish(p) if p.retain));
        assert_eq!(retained, 0, "{missing:?}");
    }
}

#[tokio::test]
async fn sub_10a_an_agent_with_skills_without_retained_messages_fails_at_once() {
    for missing in [Missing::Disconnect, Missing::Taken] {
        let broker = FakeBroker::start(Knobs { retain: false, missing, ..Knobs::default() }).await;
        let agent = Agent::new("desk").skills(skills![echo]);
        let (text, took) = start_error(agent, &broker).await;
        assert_says(&text, &["retain"]);
        assert!(took < AT_ONCE, "{missing:?}: {took:?}");
    }
}

#[on("plain/{name}", qos = 0)]
fn plain(name: &str, State(heard): State<tokio::sync::mpsc::Sender<String>>) {
    drop(heard.try_send(name.to_owned()));
}

#[tokio::test]
async fn what_needs_neither_retained_messages_nor_shared_subscriptions_nor_qos_1_starts_without_them() {
    let knobs = Knobs { retain: false, shared: false, max_qos: 0, ..Knobs::default() };
    let broker = FakeBroker::start(knobs).await;
    let (sender, mut heard) = tokio::sync::mpsc::channel::<String>(4);
    let agent = Agent::new("ear").handlers(handlers![plain]).state(sender);
    let agent = agent.start(&broker.url()).await.unwrap();
    broker.publish("plain/one", "");
    assert_eq!(support::soon(heard.recv()).await.as_deref(), Some("one"));
    agent.stop().await;
}

#[tokio::test]
async fn sub_10a_a_tool_server_on_a_broker_of_qos_0_fails_at_once_and_sends_nothing_at_qos_1() {
    for missing in [Missing::Disconnect, Missing::Taken] {
        let broker = FakeBroker::start(Knobs { max_qos: 0, missing, ..Knobs::default() }).await;
        let (text, took) = start_error(calculator(), &broker).await;
        assert_says(&text, &["QoS 1"]);
        assert!(took < AT_ONCE, "{missing:?}: {took:?}");
        let sent = broker.seen().count(|event| matches!(&event.packet, Packet::Publish(p) if p.qos > 0));
        assert_eq!(sent, 0, "{missing:?}");
    }
}

#[tokio::test]
async fn sub_10a_a_call_on_a_broker_of_qos_0_fails_at_once_and_names_it() {
    let broker = FakeBroker::start(Knobs { max_qos: 0, ..Knobs::default() }).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let began = Instant::now();
    let error = client.call("add", json!({"a": 1, "b": 2})).timeout(PATIENT).await.unwrap_err();
    assert_says(&error.to_string(), &["QoS 1"]);
    assert!(began.elapsed() < AT_ONCE);
    assert_eq!(broker.seen().connects(), 1);
}

#[tokio::test]
async fn sub_10a_without_wildcards_lists_fail_at_once_and_calls_go_on_on_the_same_connection() {
    let broker = FakeBroker::start(Knobs { wildcards: false, ..Knobs::default() }).await;
    let (agent, client) = agent_and_client(&broker).await;
    let began = Instant::now();
    let errors = [
        client.tools().await.unwrap_err().to_string(),
        client.servers().await.unwrap_err().to_string(),
        client.agents().await.unwrap_err().to_string(),
    ];
    assert!(began.elapsed() < AT_ONCE);
    for error in errors {
        assert_says(&error, &["wildcard subscription"]);
    }
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap(), json!(3.0));
    assert_eq!(client.tool("add").await.unwrap().unwrap().tool, "add", "a single card needs no wildcard");
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}

#[tokio::test]
async fn the_receive_maximum_of_the_broker_is_kept() {
    let pause = Duration::from_millis(10);
    let knobs = Knobs { receive_maximum: Some(2), puback: Answer::After(pause), ..Knobs::default() };
    let broker = FakeBroker::start(knobs).await;
    let (agent, client) = agent_and_client(&broker).await;
    let calls = (0..40).map(|n| client.call("add", json!({"a": n, "b": 0})).into_future());
    let calls: Vec<_> = calls.map(tokio::spawn).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(support::soon(call).await.unwrap().unwrap(), json!(n as f64));
    }
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}

#[tokio::test]
async fn a_shorter_keep_alive_of_the_broker_is_kept() {
    let broker = FakeBroker::start(Knobs { server_keep_alive: Some(2), ..Knobs::default() }).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    support::eventually("three pings", || async {
        (broker.seen().count(|event| matches!(event.packet, Packet::Ping)) >= 3).then_some(())
    })
    .await;
    assert_eq!(broker.seen().connects(), 1);
    drop(client);
}

#[tokio::test]
async fn whatever_a_connack_says_beside_is_passed_over() {
    let connack_properties = Properties::new()
        .with(property::USER_PROPERTY, Value::Pair("a".into(), "b".into()))
        .with(property::USER_PROPERTY, Value::Pair("a".into(), "b".into()))
        .reason("hello")
        .text(26, "response/information")
        .with(22, Value::Bytes(vec![0, 1]));
    let topic_alias_maximum = Some(10);
    let knobs = Knobs {
        connack_properties,
        topic_alias_maximum,
        session_expiry: Some(5),
        assigned_id: Some("assigned"),
        ..Knobs::default()
    };
    let broker = FakeBroker::start(knobs).await;
    let (agent, client) = agent_and_client(&broker).await;
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}
