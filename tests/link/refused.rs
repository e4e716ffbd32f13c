//! A broker that refuses: the error says all that it said.

use std::time::{Duration, Instant};

use mqtt_agent::DynamicTool;
use mqtt_agent::prelude::*;
use support::fake_broker::{Answer, Properties};
use support::{FakeBroker, Knobs};

use crate::common::*;

/// How a client and an agent fail on a broker that refuses CONNECT.
async fn refusal(reason: u8, properties: Properties) -> String {
    let broker = FakeBroker::start(Knobs { refuse: Some((reason, properties)), ..Knobs::default() }).await;
    let began = Instant::now();
    let options = || ConnectOptions::new(broker.url()).credentials("me", "secret").connect_timeout(PATIENT);
    let error = Client::connect(options()).await.unwrap_err().to_string();
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert!(!error.contains("secret"), "{error}");
    let (same, took) = start_error_with(calculator(), options()).await;
    assert_eq!(same, error);
    assert!(took < AT_ONCE, "{took:?}");
    error
}

#[tokio::test]
async fn bad_credentials_are_told_with_the_brokers_words() {
    let error = refusal(0x86, Properties::new().reason("the password expired yesterday")).await;
    assert_says(&error, &["user name or the password", "the password expired yesterday"]);
}

#[tokio::test]
async fn a_client_that_is_not_authorized_is_told_with_the_brokers_words() {
    let error = refusal(0x87, Properties::new().reason("not from this network")).await;
    assert_says(&error, &["authorize", "not from this network"]);
}

#[tokio::test]
async fn a_banned_client_is_told_with_the_brokers_words() {
    let error = refusal(0x8a, Properties::new().reason("too many failures")).await;
    assert_says(&error, &["banned", "0x8a", "too many failures"]);
}

#[tokio::test]
async fn another_server_is_told_with_its_address() {
    let properties = Properties::new().reason("this one is full").server("other.example:1884");
    let error = refusal(0x9c, properties).await;
    assert_says(&error, &["use another server", "0x9c", "this one is full", "other.example:1884"]);
}

#[tokio::test]
async fn a_server_that_moved_is_told_with_its_address() {
    let properties = Properties::new().server("new.example:1884").reason("moved for good");
    let error = refusal(0x9d, properties).await;
    assert_says(&error, &["server moved", "0x9d", "moved for good", "new.example:1884"]);
}

#[tokio::test]
async fn a_busy_broker_is_tried_again_until_the_timeout_and_then_named() {
    let properties = Properties::new().reason("come back later");
    let broker = FakeBroker::start(Knobs { refuse: Some((0x89, properties)), ..Knobs::default() }).await;
    let options = ConnectOptions::new(broker.url()).connect_timeout(Duration::from_secs(1));
    let error = Client::connect(options).await.unwrap_err().to_string();
    assert_says(&error, &["busy", "come back later"]);
    assert!(broker.seen().connects() > 1);
}

#[tokio::test]
async fn sub_1_a_broker_of_mqtt_3_1_1_is_told_at_once() {
    let broker = FakeBroker::start(Knobs { only_3_1_1: true, ..Knobs::default() }).await;
    let (text, took) = start_error(calculator(), &broker).await;
    assert_says(&text, &["MQTT 3.1.1", "MQTT 5"]);
    assert!(took < AT_ONCE, "{took:?}");
    let began = Instant::now();
    let options = ConnectOptions::new(broker.url()).connect_timeout(PATIENT);
    let error = Client::connect(options).await.unwrap_err().to_string();
    assert_says(&error, &["MQTT 3.1.1", "MQTT 5"]);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

/// The start ends by its own timeout.
async fn ends_by_the_connect_timeout(broker: &FakeBroker) -> String {
    let options = ConnectOptions::new(broker.url()).connect_timeout(Duration::from_secs(2));
    let (text, took) = start_error_with(calculator(), options).await;
    assert!(took < Duration::from_secs(4), "{took:?}: {text}");
    text
}

#[tokio::test]
async fn a_start_without_connack_ends_by_the_connect_timeout() {
    let broker = FakeBroker::start(Knobs { connack: Answer::Never, ..Knobs::default() }).await;
    ends_by_the_connect_timeout(&broker).await;
}

#[tokio::test]
async fn a_start_on_a_frozen_broker_ends_by_the_connect_timeout() {
    let broker = FakeBroker::start(Knobs::default()).await;
    broker.stall();
    ends_by_the_connect_timeout(&broker).await;
}

#[tokio::test]
async fn a_start_without_suback_ends_by_the_connect_timeout() {
    let broker = FakeBroker::start(Knobs { suback: Answer::Never, ..Knobs::default() }).await;
    let text = ends_by_the_connect_timeout(&broker).await;
    assert_says(&text, &["subscri"]);
}

#[tokio::test]
async fn a_start_whose_cards_are_never_acknowledged_ends_by_the_connect_timeout() {
    let broker = FakeBroker::start(Knobs { puback: Answer::Never, ..Knobs::default() }).await;
    ends_by_the_connect_timeout(&broker).await;
}

#[tokio::test]
async fn a_start_with_a_late_suback_ends_by_the_connect_timeout() {
    let late = Answer::After(Duration::from_secs(15));
    let broker = FakeBroker::start(Knobs { suback: late, ..Knobs::default() }).await;
    ends_by_the_connect_timeout(&broker).await;
}

#[tokio::test]
async fn a_start_waits_for_a_slow_broker_while_it_answers() {
    let slow = Answer::Each(Duration::from_millis(200));
    let broker = FakeBroker::start(Knobs { suback: slow, ..Knobs::default() }).await;
    let tools = (0..8).map(|number| {
        DynamicTool::new(format!("tool_{number}"), "Does nothing.", json!({"type": "object"}), |_, _| async {
            Ok::<_, String>(())
        })
    });
    let agent = tools.fold(calculator(), |agent, tool| agent.tool(tool.unwrap()));
    // Far less than all of the answers take.
    let options = ConnectOptions::new(broker.url()).connect_timeout(Duration::from_secs(2));
    agent.start(options).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_start_with_subacks_of_other_ids_ends_by_the_connect_timeout() {
    let broker = FakeBroker::start(Knobs { wrong_suback_id: true, ..Knobs::default() }).await;
    ends_by_the_connect_timeout(&broker).await;
}

#[tokio::test]
async fn a_refused_subscription_is_told_with_the_brokers_words() {
    for (reason, name) in [(0x80, "unspecified error"), (0x87, "denied"), (0x97, "quota exceeded")] {
        let refusal_reason = Some("two are enough for you");
        let refuse_subscribe = vec![("mcp/tools/add/call", reason)];
        let broker = FakeBroker::start(Knobs { refuse_subscribe, refusal_reason, ..Knobs::default() }).await;
        let (text, took) = start_error(calculator(), &broker).await;
        assert_says(&text, &[name, "mcp/tools/add/call", "two are enough for you"]);
        assert!(took < AT_ONCE, "{took:?}");
    }
}

#[tokio::test]
async fn a_refused_card_is_told_with_the_brokers_words() {
    for (reason, name) in [(0x87, "denied"), (0x97, "quota exceeded"), (0x95, "packet too large")] {
        let refusal_reason = Some("no cards on this table");
        let refuse_publish = vec![("mcp/tools/add/card", reason)];
        let broker = FakeBroker::start(Knobs { refuse_publish, refusal_reason, ..Knobs::default() }).await;
        let (text, took) = start_error(calculator(), &broker).await;
        assert_says(&text, &[name, "mcp/tools/add/card", "no cards on this table"]);
        assert!(took < AT_ONCE, "{took:?}");
        assert_eq!(broker.seen().connects(), 1, "the connection is not at fault");
    }
}
