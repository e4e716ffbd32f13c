//! What a persistent session is good for.

use std::time::Duration;

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{Log, TestBroker, on_each_broker};

use crate::skills::*;
use crate::tools::*;

on_each_broker! {
    async fn sub_8_two_clients_with_one_id_do_not_take_the_broker_down_with_them(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let one = Client::connect(ConnectOptions::new(broker.url()).id("twin")).await.unwrap();
        one.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        let two = Client::connect(ConnectOptions::new(broker.url()).id("twin")).await.unwrap();
        // They take the connection from each other; other clients are served.
        let client = Client::connect(&broker.url()).await.unwrap();
        for _ in 0..20 {
            client.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        }
        drop((one, two));
        agent.stop().await;
    }
}

/// What the start of an agent with tools and skills warns of.
async fn warned(options: &ConnectOptions) -> Vec<String> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // Of this thread, on which all of it runs.
    let _log = tracing::subscriber::set_default(subscriber);
    let agent = desk(&Desk::default()).tools(tools![add]).start(options).await.unwrap();
    agent.stop().await;
    log.lines("keep giving this agent its share of the calls")
}

#[tokio::test]
async fn sub_8_a_long_session_of_tools_and_skills_is_warned_of_and_a_short_one_is_not() {
    let broker = TestBroker::embedded().await;
    let options = ConnectOptions::new(broker.url());
    assert_eq!(warned(&options).await, [""; 0]);
    let lines = warned(&options.session_expiry(Duration::from_secs(3600))).await;
    assert!(lines.len() == 1 && lines[0].contains("WARN") && lines[0].contains("3600 s"), "{lines:?}");
}
