//! A broker that takes retained messages and doesn't give them back is told of, once (`SUB-10a`).

use std::time::Duration;

use mqtt_agent::prelude::*;
use support::fake_broker::{Packet, Retained};
use support::{FakeBroker, Knobs, eventually};
use tracing::Level;

use crate::common::*;
use crate::log;

/// Starts an agent and waits until it has looked for its card.
async fn after_the_look(agent: Agent, retained: Retained) -> Vec<String> {
    let (log, _guard) = log::begin(Level::WARN);
    let broker = FakeBroker::start(Knobs { retained, ..Knobs::default() }).await;
    let agent = agent.start(&broker.url()).await.unwrap();
    eventually("the look ends", || async {
        let unsubscribed = broker.seen().count(|event| match &event.packet {
            Packet::Unsubscribe { filters, .. } => filters.iter().any(|filter| filter.ends_with("/+")),
            _ => false,
        });
        (unsubscribed > 0).then_some(())
    })
    .await;
    // It looks once, not after each connect.
    agent.stop().await;
    log.lines("retained card")
}

#[tokio::test]
async fn sub_10a_a_server_whose_card_does_not_come_back_is_told_once() {
    for retained in [Retained::Dropped, Retained::NotForWildcards] {
        let warnings = after_the_look(calculator(), retained).await;
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert_says(warning, &["mcp/servers/", "others may not find the agent", "turn on retained messages"]);
    }
}

#[tokio::test]
async fn sub_10a_an_agent_whose_card_does_not_come_back_is_told_once() {
    let agent = Agent::new("echo").skills(skills![echo]);
    let warnings = after_the_look(agent, Retained::Dropped).await;
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_says(warning, &["agents/echo/card"]);
}

#[tokio::test]
async fn sub_10a_nothing_is_said_where_the_card_comes_back() {
    let began = std::time::Instant::now();
    assert_eq!(after_the_look(calculator(), Retained::Kept).await, Vec::<String>::new());
    assert!(began.elapsed() < Duration::from_secs(5), "it came at once");
}
