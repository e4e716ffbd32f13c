//! A broker that answers no PINGREQ, and one that answers what nobody asked.

use std::time::{Duration, Instant};

use mqtt_agent::CallError;
use mqtt_agent::prelude::*;
use support::fake_broker::{Packet, Publish, publish_bytes};
use support::{FakeBroker, Knobs};
use tokio::sync::{mpsc, watch};

use crate::common::*;

const PINGRESP: [u8; 2] = [0xd0, 0];
/// The broker's keep-alive, in seconds: it overrides longer ones.
const KEEP_ALIVE: u16 = 2;
const SILENT: Duration = Duration::from_secs(KEEP_ALIVE as u64 * 3 / 2);

type Gate = (mpsc::UnboundedSender<()>, watch::Receiver<bool>);

/// Answers when the gate is open.
#[tool]
async fn wait(State((began, mut open)): State<Gate>) -> &'static str {
    began.send(()).unwrap();
    open.wait_for(|open| *open).await.unwrap();
    "open"
}

fn is_ping(packet: &Packet) -> bool {
    matches!(packet, Packet::Ping)
}

#[tokio::test]
async fn calls_outlive_a_connection_whose_pings_are_not_answered_and_keep_their_timeouts() {
    let knobs = Knobs { server_keep_alive: Some(KEEP_ALIVE), ..Knobs::default() };
    let broker = FakeBroker::start(knobs).await;
    let (began, mut begins) = mpsc::unbounded_channel::<()>();
    let (open, gate) = watch::channel(false);
    let agent = Agent::new("calc").tools(tools![add, wait]).state((began, gate));
    let agent = agent.start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    let long = tokio::spawn(client.call("wait", json!({})).timeout(2 * PATIENT).into_future());
    support::soon(begins.recv()).await.unwrap();
    broker.set(|knobs| knobs.pong = false);
    let from = Instant::now();

    let limit = Duration::from_millis(500);
    let short = client.call("wait", json!({})).timeout(limit).await.unwrap_err();
    assert!(matches!(short, CallError::Timeout { .. }), "{short:?}");
    assert!(from.elapsed() < AT_ONCE, "{:?}", from.elapsed());

    broker.seen().end(2).await;
    let took = from.elapsed();
    assert!(took < limit + SILENT + Duration::from_secs(1), "{took:?}");
    assert!(broker.seen().count(|event| event.connection == 2 && is_ping(&event.packet)) > 0);
    broker.set(|knobs| knobs.pong = true);
    connected_again(&client, 1).await;
    open.send_replace(true);
    assert_eq!(support::soon(long).await.unwrap().unwrap(), json!("open"));
    can_be_called(&client).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_broker_that_answers_no_ping_and_sends_messages_is_no_dead_one() {
    let knobs = Knobs { server_keep_alive: Some(1), pong: false, identifiers: false, ..Knobs::default() };
    let broker = FakeBroker::start(knobs).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let mut messages = client.subscribe("news").await.unwrap();
    let from = Instant::now();
    // A rate is what is tested: something each half second, for three times as long as a silence may be.
    while from.elapsed() < Duration::from_millis(4_500) {
        // At QoS 0: an acknowledgement would be as good as a PINGREQ.
        broker.send_raw(publish_bytes("news", &Publish::default()));
        support::soon(messages.next()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(broker.seen().count(|event| is_ping(&event.packet)) > 0);
    assert_eq!(broker.seen().connects(), 1);
}

#[tokio::test]
async fn answers_to_pings_that_nobody_sent_are_passed_over() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    for count in [1, 10, 10_000] {
        broker.send_raw(PINGRESP.repeat(count));
        can_be_called(&client).await;
    }
    assert_eq!(broker.seen().connects(), 2);
    agent.stop().await;
}

#[tokio::test]
async fn a_broker_that_only_ever_answered_pings_before_they_were_sent_is_given_up_in_time() {
    let knobs = Knobs { server_keep_alive: Some(KEEP_ALIVE), pong: false, ..Knobs::default() };
    let broker = FakeBroker::start(knobs).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let from = Instant::now();
    broker.send_raw(PINGRESP.repeat(100));
    broker.seen().end(1).await;
    assert!(from.elapsed() < SILENT + Duration::from_secs(1), "{:?}", from.elapsed());
    connected_again(&client, 1).await;
}

/// Says that it runs.
#[on("again/{name}", concurrency = 3)]
async fn again(name: &str, State(runs): State<mpsc::UnboundedSender<String>>) {
    runs.send(name.to_owned()).unwrap();
}

#[tokio::test]
async fn a_message_that_comes_again_does_not_take_an_answer_that_nobody_asked_for_as_its_own() {
    let broker = FakeBroker::start(Knobs { identifiers: false, pong: false, ..Knobs::default() }).await;
    let (ran, mut runs) = mpsc::unbounded_channel::<String>();
    let agent = Agent::new("again").handlers(handlers![again]).state(ran);
    let agent = agent.start(&broker.url()).await.unwrap();
    broker.send_raw(PINGRESP.repeat(5));
    for (id, topic) in [(9, "again/one"), (10, "again/two")] {
        let publish = Publish { qos: 1, id, dup: true, ..Publish::default() };
        broker.send_raw(publish_bytes(topic, &publish));
        broker.seen().puback(1, id).await;
        let pings = usize::from(id) - 8;
        support::eventually("a PINGREQ for each", || async {
            (broker.seen().count(|event| is_ping(&event.packet)) >= pings).then_some(())
        })
        .await;
    }
    broker.send_raw(PINGRESP);
    assert_eq!(support::soon(runs.recv()).await.as_deref(), Some("one"));
    // What a first delivery does comes after all that the answer let go.
    broker.publish("again/three", "");
    assert_eq!(support::soon(runs.recv()).await.as_deref(), Some("three"));
    broker.send_raw(PINGRESP);
    assert_eq!(support::soon(runs.recv()).await.as_deref(), Some("two"));
    agent.stop().await;
}
