//! Stopping where the broker is gone or frozen.

use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use support::fake_broker::{Answer, Packet};
use support::{FakeBroker, Knobs, SOON};

use crate::common::*;

const IDLE: Duration = Duration::from_secs(2);

/// How long something takes; at the most [`SOON`].
async fn took(what: impl Future<Output = ()>) -> Duration {
    let began = Instant::now();
    tokio::time::timeout(SOON, what).await.expect("it ends");
    began.elapsed()
}

fn with_skills() -> Agent {
    Agent::new("calc").tools(tools![add]).skills(skills![echo])
}

#[tokio::test]
async fn an_idle_agent_stops_within_two_seconds_without_a_broker() {
    for agent in [calculator(), with_skills()] {
        let broker = FakeBroker::start(Knobs::default()).await;
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut connection = agent.connection();
        drop(broker);
        let lost = connection.wait_for(|state| !state.is_connected());
        tokio::time::timeout(SOON, lost).await.expect("in time").unwrap();
        let took = took(agent.stop()).await;
        assert!(took < IDLE, "{took:?}");
    }
}

#[tokio::test]
async fn an_idle_agent_stops_within_two_seconds_on_a_frozen_broker() {
    for agent in [calculator(), with_skills()] {
        let broker = FakeBroker::start(Knobs::default()).await;
        let agent = agent.start(&broker.url()).await.unwrap();
        broker.stall();
        let took = took(agent.stop()).await;
        assert!(took < IDLE, "{took:?}");
    }
}

#[tokio::test]
async fn a_client_closes_within_two_seconds_without_a_broker_and_on_a_frozen_one() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    broker.stall();
    let frozen = took(client.close()).await;
    assert!(frozen < IDLE, "{frozen:?}");

    let broker = FakeBroker::start(Knobs::default()).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    drop(broker);
    let gone = took(client.close()).await;
    assert!(gone < IDLE, "{gone:?}");
}

#[tokio::test]
async fn a2a_15_a_clean_stop_waits_for_the_acknowledgements_of_a_slow_broker() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let agent = with_skills().start(&broker.url()).await.unwrap();
    broker.set(|knobs| knobs.puback = Answer::After(Duration::from_millis(300)));
    let began = Instant::now();
    agent.stop().await;
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    assert_eq!(broker.seen().end(1).await, Some(0));
    let offline = broker.seen().count(|event| match &event.packet {
        Packet::Publish(publish) => String::from_utf8_lossy(&publish.payload).contains("offline"),
        _ => false,
    });
    assert!(offline >= 3, "server card, agent card and status: {offline}");
}
