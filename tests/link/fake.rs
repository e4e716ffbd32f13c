//! The fake broker itself: an agent and a client that work on it.

use mqtt_agent::prelude::*;
use support::{FakeBroker, Knobs};

/// Adds two numbers.
#[tool]
async fn add(a: f64, b: f64) -> f64 {
    a + b
}

#[tokio::test]
async fn a_tool_is_found_and_called_on_a_fake_broker_that_lacks_nothing() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    let tools = client.tools().await.unwrap();
    assert_eq!(tools.len(), 1, "{tools:?}");
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap(), json!(3.0));
    agent.stop().await;
    assert_eq!(broker.seen().end(1).await, Some(0));
}
