//! What is larger than the broker's Maximum Packet Size is never sent, and gives a typed error.

use std::time::Instant;

use mqtt_agent::prelude::*;
use mqtt_agent::topic::{EventError, Payload};
use mqtt_agent::{CallError, Error, PublishError};
use support::fake_broker::{Answer, Packet};
use support::{FakeBroker, Knobs};
use tokio::sync::mpsc;

use crate::common::*;

const LIMIT: u32 = 4096;

async fn limited() -> FakeBroker {
    FakeBroker::start(Knobs { max_packet_size: Some(LIMIT), ..Knobs::default() }).await
}

#[tokio::test]
async fn calls_whose_answers_wait_for_their_puback_take_no_room_from_others() {
    const CALLS: usize = 20;
    let broker = FakeBroker::start(Knobs::default()).await;
    let limits = mqtt_agent::Limits::default().with_queue_bytes(10_000);
    let agent = calculator().limits(limits).start(&broker.url()).await.unwrap();
    broker.set(|knobs| knobs.puback = Answer::Never);
    for number in 0..CALLS {
        let arguments = json!({"a": "no number", "b": "x".repeat(3000)});
        let call = json!({"call_id": format!("call-{number}"), "client": "peer", "arguments": arguments});
        broker.publish("a2a/v1/mcp/tools/add/call", call.to_string());
        // None of them has a turn, and none is told that there is no room.
        let id = format!("call-{number}\"");
        let answer = broker.seen().until(&id, |event| match &event.packet {
            Packet::Publish(publish) if publish.topic == "a2a/v1/mcp/clients/peer/responses" => {
                let text = String::from_utf8(publish.payload.clone()).unwrap();
                text.contains(&id).then_some(text)
            }
            _ => None,
        });
        assert_says(&answer.await, &["invalid_arguments"]);
    }
    broker.set(|knobs| knobs.puback = Answer::AtOnce);
    drop(agent);
}

#[event("parcels/{name}")]
fn parcel(name: &str, content: Payload);

#[tokio::test]
async fn sub_14_a_call_over_the_brokers_limit_fails_at_once_and_the_next_is_made() {
    let broker = limited().await;
    let (agent, client) = agent_and_client(&broker).await;
    let began = Instant::now();
    let text = "x".repeat(2 * LIMIT as usize);
    let error = client.call("add", json!({"a": 1, "b": 2, "text": text})).await.unwrap_err();
    match &error {
        CallError::Publish(PublishError::TooLarge { size, limit, .. }) => {
            assert!(*size > text.len(), "{error}");
            assert_eq!(*limit, LIMIT as usize);
        }
        other => panic!("{other:?}"),
    }
    assert!(began.elapsed() < AT_ONCE);
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}

#[tokio::test]
async fn sub_14_an_answer_over_the_brokers_limit_becomes_an_error_answer() {
    let broker = limited().await;
    let (agent, client) = agent_and_client(&broker).await;
    let error = client.call("repeat", json!({"length": 2 * LIMIT})).await.unwrap_err();
    assert!(matches!(&error, CallError::Tool { code: Some(code), .. } if code == "too_large"), "{error:?}");
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}

#[tokio::test]
async fn sub_14_an_event_over_the_brokers_limit_fails_and_one_at_it_is_sent() {
    let broker = limited().await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let too_large = Payload::from(vec![0_u8; LIMIT as usize]);
    let error = parcel(too_large).name("large").publish(&client).await.unwrap_err();
    assert!(matches!(error, EventError::Publish(PublishError::TooLarge { .. })), "{error:?}");
    parcel(Payload::from(vec![0_u8; LIMIT as usize - 200])).name("small").publish(&client).await.unwrap();
    assert!(broker.seen().publish(1, "parcels/small").await.size <= LIMIT as usize);
    assert_eq!(broker.seen().connects(), 1);
}

#[tokio::test]
async fn sub_14_a_card_over_the_brokers_limit_ends_the_start() {
    let broker = FakeBroker::start(Knobs { max_packet_size: Some(256), ..Knobs::default() }).await;
    let began = Instant::now();
    let error = calculator().start(&broker.url()).await.unwrap_err();
    assert!(matches!(error, Error::Publish(PublishError::TooLarge { limit: 256, .. })), "{error:?}");
    assert!(began.elapsed() < AT_ONCE);
    let largest = broker.seen().all().into_iter().filter_map(|event| match event.packet {
        Packet::Publish(publish) => Some(publish.size),
        _ => None,
    });
    assert!(largest.max().unwrap_or(0) <= 256);
}

type Heard = mpsc::Sender<&'static str>;

macro_rules! ears {
    ($($name:ident $topic:literal)*) => {$(
        #[on($topic)]
        fn $name(State(heard): State<Heard>) {
            let _ = heard.try_send(stringify!($name));
        }
    )*};
}

ears! {
    one "a/rather/long/topic/so/that/few/fit/into/a/packet/one"
    two "a/rather/long/topic/so/that/few/fit/into/a/packet/two"
    three "a/rather/long/topic/so/that/few/fit/into/a/packet/three"
    four "a/rather/long/topic/so/that/few/fit/into/a/packet/four"
    five "a/rather/long/topic/so/that/few/fit/into/a/packet/five"
}

#[tokio::test]
async fn sub_10_subscriptions_are_made_again_in_packets_that_the_broker_takes() {
    let broker = FakeBroker::start(Knobs { max_packet_size: Some(160), ..Knobs::default() }).await;
    let (sender, mut heard) = mpsc::channel(16);
    let agent = Agent::new("ear").handlers(handlers![one, two, three, four, five]).state(sender);
    let agent = agent.start(&broker.url()).await.unwrap();
    broker.close();
    for filter in ["/one", "/two", "/three", "/four", "/five"] {
        broker.seen().subscribe(2, filter).await;
    }
    for name in ["one", "two", "three", "four", "five"] {
        broker.publish(&format!("a/rather/long/topic/so/that/few/fit/into/a/packet/{name}"), "");
        assert_eq!(support::soon(heard.recv()).await, Some(name));
    }
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}
