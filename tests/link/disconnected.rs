//! A broker that disconnects: the client says why, and comes back by itself.

use std::time::Duration;

use mqtt_agent::ConnectionState;
use mqtt_agent::prelude::*;
use support::fake_broker::{Action, Answer, Hook, Packet, Properties, disconnect};
use support::{FakeBroker, Knobs, SOON};

use crate::common::*;

/// What the client says about a connection that ended so; then it is connected again, and works.
async fn told(bytes: Vec<u8>) -> String {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    let mut connection = client.connection();
    // So that the error stands for long enough to be seen.
    broker.set(|knobs| knobs.connack = Answer::After(Duration::from_millis(500)));
    broker.send_raw(bytes);
    broker.close();
    let lost = connection.wait_for(|state| matches!(state, ConnectionState::Connecting { .. }));
    let state = tokio::time::timeout(SOON, lost).await.expect("in time").unwrap().clone();
    let ConnectionState::Connecting { error: Some(error), .. } = state else { panic!("{state:?}") };
    connected_again(&client, 1).await;
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 3);
    error.to_string()
}

async fn told_with(reason: u8, name: &str) -> String {
    let properties = Properties::new().reason("because of the moon").server("other.example:1884");
    let text = told(disconnect(reason, &properties)).await;
    assert_says(&text, &[name, "because of the moon"]);
    assert_eq!(text.contains("another client"), reason == 0x8e, "{text}");
    text
}

#[tokio::test]
async fn a_session_that_is_taken_over_says_so_and_names_another_client() {
    told_with(0x8e, "session taken over").await;
}

#[tokio::test]
async fn a_server_that_shuts_down_says_so() {
    told_with(0x8b, "server shutting down").await;
}

#[tokio::test]
async fn an_administrative_action_is_told() {
    told_with(0x98, "administrative action").await;
}

#[tokio::test]
async fn a_receive_maximum_that_was_exceeded_is_told() {
    told_with(0x93, "receive maximum exceeded").await;
}

#[tokio::test]
async fn a_disconnect_to_another_server_is_told_with_its_address() {
    assert_says(&told_with(0x9c, "use another server").await, &["other.example:1884"]);
}

#[tokio::test]
async fn a_disconnect_of_a_server_that_moved_is_told_with_its_address() {
    assert_says(&told_with(0x9d, "server moved").await, &["other.example:1884"]);
}

#[tokio::test]
async fn a_normal_disconnection_is_told() {
    told_with(0x00, "normal disconnection").await;
}

#[tokio::test]
async fn a_disconnect_of_a_reason_without_properties_is_told() {
    let text = told(vec![0xe0, 1, 0x8e]).await;
    assert_says(&text, &["session taken over", "another client"]);
    let text = told(vec![0xe0, 1, 0x8b]).await;
    assert_says(&text, &["server shutting down"]);
    assert!(!text.contains("another client"), "{text}");
}

#[tokio::test]
async fn a_disconnect_of_a_reason_with_empty_properties_is_told() {
    assert_says(&told(vec![0xe0, 2, 0x8b, 0]).await, &["server shutting down"]);
}

#[tokio::test]
async fn a_disconnect_without_a_reason_is_a_normal_one() {
    let text = told(vec![0xe0, 0]).await;
    assert_says(&text, &["normal disconnection"]);
    assert!(!text.contains("another client"), "{text}");
}

#[tokio::test]
async fn a_disconnect_of_an_unknown_reason_is_told_with_its_number() {
    assert_says(&told(vec![0xe0, 2, 0xee, 0]).await, &["0xee"]);
}

#[tokio::test]
async fn a_connection_that_is_closed_without_a_word_blames_no_other_client() {
    let text = told(Vec::new()).await;
    assert_says(&text, &["closed"]);
    assert!(!text.contains("another client"), "{text}");
}

#[tokio::test]
async fn a_client_that_is_thrown_out_again_and_again_slows_down() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    // Each connection is accepted and ended at once.
    let hook = Hook::new(|event| match &event.packet {
        Packet::Connect(_) => {
            let mut bytes = vec![0x20, 3, 0, 0, 0];
            bytes.extend([0xe0, 2, 0x8e, 0]);
            Some(Action::Send(bytes))
        }
        _ => None,
    });
    broker.set(|knobs| knobs.hook = hook);
    broker.disconnect(0x8e, &Properties::new());
    // A rate is what is measured.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let connects = broker.seen().connects();
    assert!((3..=25).contains(&connects), "{connects}");
    broker.set(|knobs| knobs.hook = Hook::default());
    drop(client);
}
