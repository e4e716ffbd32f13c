//! What the tests serve, and what they wait for.

use std::time::{Duration, Instant};

use mqtt_agent::Error;
use mqtt_agent::prelude::*;
pub(crate) use support::connected_again;
use support::{FakeBroker, SOON};

/// The connect timeout where the end has to come before it.
pub(crate) const PATIENT: Duration = Duration::from_secs(8);
/// What ends at once ends sooner than this, also on a busy machine.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(3);

/// Adds two numbers.
#[tool]
pub(crate) async fn add(a: f64, b: f64) -> f64 {
    a + b
}

/// A text of a length.
#[tool]
pub(crate) async fn repeat(length: u32) -> String {
    "x".repeat(length as usize)
}

/// Repeats what it is told.
#[skill]
pub(crate) async fn echo(task: Task) -> String {
    task.text().to_string()
}

pub(crate) fn calculator() -> Agent {
    Agent::new("calc").tools(tools![add, repeat])
}

/// An agent and a client of its broker. The client is connected last.
pub(crate) async fn agent_and_client(broker: &FakeBroker) -> (mqtt_agent::Running, Client) {
    let agent = calculator().start(&broker.url()).await.unwrap();
    let client =
        Client::connect(ConnectOptions::new(broker.url()).keep_alive(Duration::from_secs(5))).await.unwrap();
    (agent, client)
}

/// Calls a tool again and again until it answers: after a reconnect its server may be a moment behind.
pub(crate) async fn can_be_called(client: &Client) {
    support::eventually("the tool can be called", || async {
        let call = client.call("add", json!({"a": 1, "b": 2})).timeout(Duration::from_secs(2));
        call.await.ok().map(|sum| assert_eq!(sum, json!(3.0)))
    })
    .await;
}

/// The error of a start, and how long it took.
pub(crate) async fn start_error(agent: Agent, broker: &FakeBroker) -> (String, Duration) {
    start_error_with(agent, ConnectOptions::new(broker.url()).connect_timeout(PATIENT)).await
}

/// The same with options of one's own.
pub(crate) async fn start_error_with(agent: Agent, options: ConnectOptions) -> (String, Duration) {
    let began = Instant::now();
    let started = tokio::time::timeout(SOON, agent.start(options)).await;
    let error: Error = match started.expect("a start that can't succeed ends") {
        Err(error) => error,
        Ok(_) => panic!("it started"),
    };
    (error.to_string(), began.elapsed())
}

/// That a text has all parts, whatever their case.
pub(crate) fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.to_lowercase().contains(&part.to_lowercase()), "`{part}` is not in: {text}");
    }
}
