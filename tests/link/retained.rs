//! A broker that takes retained messages and doesn't give them back is told of, once (`SUB-10a`).

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mqtt_agent::prelude::*;
use support::fake_broker::{Packet, Retained};
use support::{FakeBroker, Knobs, eventually};
use tracing::subscriber::DefaultGuard;

use crate::common::*;

/// What this thread logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::WARN)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn warnings(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("retained card")).map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts an agent and waits until it has looked for its card.
async fn after_the_look(agent: Agent, retained: Retained) -> Vec<String> {
    let (log, _guard) = Log::begin();
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
    log.warnings()
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
