//! Handlers that compute without awaiting: each takes a thread of the runtime, and not the program.

use std::time::{Duration, Instant};

use mqtt_agent::Partials;
use mqtt_agent::prelude::*;
use serde_json::json;
use support::TestBroker;

use crate::tools::*;

/// How long the handlers compute: longer than the keep-alive lets a connection be silent.
const LONG: Duration = Duration::from_secs(10);

/// Computes, and says nothing before.
#[tool]
async fn compute() -> u32 {
    std::thread::sleep(LONG);
    1
}

/// Says something, and computes then: whatever was woken by that waits on this thread.
#[tool]
async fn compute_after_a_partial(partials: Partials<u32>) -> u32 {
    drop(partials.send(&1).await);
    std::thread::sleep(LONG);
    1
}

/// Computes after it has called somebody else.
#[tool]
async fn compute_after_a_call(cx: &Context) -> u32 {
    drop(cx.client().call("nobody", ()).timeout(Duration::from_millis(10)).await);
    std::thread::sleep(LONG);
    1
}

/// While one handler computes, others are answered, and the connection lives.
async fn others_are_served_beside(tool: &'static str) {
    let broker = TestBroker::embedded().await;
    let options = ConnectOptions::new(broker.url()).keep_alive(Duration::from_secs(5));
    let agent = Agent::new("calc").tools(tools![add, compute, compute_after_a_partial, compute_after_a_call]);
    // Of the agent alone: two threads, as on a small machine.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let agent = runtime.spawn(async move { agent.start(&options).await.unwrap() }).await.unwrap();
    let state = agent.connection();
    let before = format!("{:?}", *state.borrow());
    let client = Client::connect(&broker.url()).await.unwrap();
    let caller = Client::connect(&broker.url()).await.unwrap();
    let long = tokio::spawn(caller.call(tool, ()).timeout(LONG * 3).into_future());
    let until = Instant::now() + LONG - Duration::from_secs(1);
    let mut slowest = Duration::ZERO;
    while Instant::now() < until {
        let asked = Instant::now();
        client.call("add", json!({"a": 1, "b": 1})).timeout(Duration::from_secs(5)).await.unwrap();
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(slowest < Duration::from_secs(2), "{tool}: another call took {slowest:?}");
    long.await.unwrap().unwrap();
    let after = format!("{:?}", *state.borrow());
    assert_eq!(before, after, "{tool}: the connection was lost");
    runtime.spawn(agent.stop()).await.unwrap();
    runtime.shutdown_background();
}

#[tokio::test]
async fn a_handler_that_computes_takes_one_thread_and_not_the_connection() {
    others_are_served_beside("compute").await;
}

#[tokio::test]
async fn a_handler_that_computes_after_a_partial_takes_one_thread_and_not_the_connection() {
    others_are_served_beside("compute_after_a_partial").await;
}

#[tokio::test]
async fn a_handler_that_computes_after_a_call_takes_one_thread_and_not_the_connection() {
    others_are_served_beside("compute_after_a_call").await;
}
