//! What is made again on every CONNACK (`SUB-10`).

use std::collections::BTreeSet;
use std::time::Duration;

use mqtt_agent::prelude::*;
use support::fake_broker::{Packet, Retained, Sessions};
use support::{FakeBroker, Knobs};

use crate::common::*;

/// The filters that were subscribed to on a connection.
fn filters(broker: &FakeBroker, connection: usize) -> BTreeSet<String> {
    let on_it = broker.seen().all().into_iter().filter(|event| event.connection == connection);
    on_it
        .flat_map(|event| match event.packet {
            Packet::Subscribe(subscribe) => subscribe.filters,
            _ => Vec::new(),
        })
        .map(|(filter, _)| filter)
        .collect()
}

async fn everything_is_made_again(sessions: Sessions) {
    let broker = FakeBroker::start(Knobs { sessions, ..Knobs::default() }).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let agent = Agent::new("calc").tools(tools![add]).skills(skills![echo]);
    let agent = agent.start(&broker.url()).await.unwrap();
    let before = filters(&broker, 2);
    assert!(before.iter().any(|filter| filter.starts_with("$share/mcp-tool-add/")), "{before:?}");
    broker.close();
    support::eventually("all subscriptions are made again", || async {
        before.is_subset(&filters(&broker, 3)).then_some(())
    })
    .await;
    for card in ["mcp/servers/calc/card", "mcp/tools/add/card", "agents/calc/card", "agents/calc/status"] {
        assert!(broker.seen().publish(3, card).await.retain);
    }
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap(), json!(3.0));
    agent.stop().await;
}

#[tokio::test]
async fn sub_10_everything_is_made_again_where_the_session_is_kept() {
    everything_is_made_again(Sessions::Kept).await;
}

#[tokio::test]
async fn sub_10_everything_is_made_again_where_the_session_is_lost() {
    everything_is_made_again(Sessions::Lost).await;
}

#[tokio::test]
async fn sub_10_everything_is_made_again_where_the_session_is_kept_without_its_shared_subscriptions() {
    everything_is_made_again(Sessions::WithoutShared).await;
}

#[tokio::test]
async fn sub_10_a_tool_can_be_called_again_where_the_broker_forgot_its_shared_subscription() {
    let broker = FakeBroker::start(Knobs { sessions: Sessions::WithoutShared, ..Knobs::default() }).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let agent = calculator().start(&broker.url()).await.unwrap();
    for _ in 0..3 {
        can_be_called(&client).await;
        broker.close();
    }
    can_be_called(&client).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_subscription_that_ended_is_not_made_again() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    client.tools().window(Duration::from_millis(100)).await.unwrap();
    assert!(filters(&broker, 1).iter().any(|filter| filter.ends_with("mcp/tools/+/card")));
    broker
        .seen()
        .until("UNSUBSCRIBE", |event| matches!(event.packet, Packet::Unsubscribe { .. }).then_some(()))
        .await;
    broker.close();
    connected_again(&client, 1).await;
    // What comes after it on the same connection came after whatever was made again.
    drop(client.tool("add").within(Duration::from_millis(100)).await);
    broker.seen().subscribe(2, "mcp/tools/add/card").await;
    assert!(!filters(&broker, 2).iter().any(|filter| filter.contains('+')), "{:?}", filters(&broker, 2));
}

/// Serves two tools, crashes, and serves one: the card of the other says that it is offline.
async fn the_card_of_a_tool_that_is_gone_is_set_offline(knobs: Knobs) {
    let broker = FakeBroker::start(knobs).await;
    drop(calculator().start(&broker.url()).await.unwrap());
    broker.seen().end(1).await;
    let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
    let card = broker.seen().publish(2, "mcp/tools/repeat/card").await;
    let text: serde_json::Value = serde_json::from_slice(&card.payload).unwrap();
    assert_eq!((&text["status"], card.retain), (&json!("offline"), true), "{text}");
    agent.stop().await;
}

#[tokio::test]
async fn sub_8b_a_tool_that_is_gone_is_set_offline() {
    the_card_of_a_tool_that_is_gone_is_set_offline(Knobs::default()).await;
}

#[tokio::test]
async fn sub_8b_a_tool_that_is_gone_is_set_offline_where_there_are_no_identifiers() {
    the_card_of_a_tool_that_is_gone_is_set_offline(Knobs { identifiers: false, ..Knobs::default() }).await;
}

#[tokio::test]
async fn sub_8b_a_tool_that_is_gone_is_set_offline_where_retained_messages_have_no_identifier() {
    let retained = Retained::Unidentified;
    the_card_of_a_tool_that_is_gone_is_set_offline(Knobs { retained, ..Knobs::default() }).await;
}
