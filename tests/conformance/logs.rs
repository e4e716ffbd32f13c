//! What an agent logs of its work: at `info` that it serves and no more, at `debug` a line for each call, message and task.

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{Log, TestBroker};
use tracing_subscriber::filter::EnvFilter;

use crate::skills::*;
use crate::tools::*;

#[request("logs/asked", caller)]
fn asked(value: u32) -> Result<u32, String> {
    Ok(value)
}

/// Listens on this thread alone: the runtime of a test without worker threads has no other.
fn listen(filter: &str) -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(move || writer.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

async fn work(broker: &TestBroker) {
    let agent = Agent::new("calc")
        .tools(tools![add, fail])
        .handlers(handlers![asked])
        .skills(skills![shout])
        .state(Desk::default());
    let agent = agent.start(&broker.url()).await.unwrap();
    let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
    client.call("add", json!({"a": 1, "b": 2})).await.unwrap();
    client.call("fail", json!({})).await.unwrap_err();
    asked_request(1).send(&client).await.unwrap();
    client.request("calc", NewTask::skill("shout").text("x")).await.unwrap();
    client.close().await;
    agent.stop().await;
}

#[tokio::test]
async fn at_info_an_agent_says_that_it_serves_and_that_it_stopped_and_nothing_of_its_calls() {
    let broker = TestBroker::embedded().await;
    let (log, _guard) = listen("mqtt_agent=info");
    work(&broker).await;
    let told = |text: &str| log.lines(text).len();
    assert_eq!(
        (told("connected to the broker"), told("serving"), told("stopped")),
        (2, 1, 1),
        "{}",
        log.text()
    );
    assert_eq!(log.text().lines().count(), 4, "{}", log.text());
}

#[tokio::test]
async fn at_debug_each_call_message_and_task_has_one_line() {
    let broker = TestBroker::embedded().await;
    let (log, _guard) = listen("mqtt_agent=debug");
    work(&broker).await;
    let calls = log.lines("answered a call");
    assert_eq!(calls.len(), 2, "{}", log.text());
    for part in ["tool=\"add\"", "caller=scout", "call_id=", "outcome=\"ok\"", "queued=", "ran="] {
        assert!(calls[0].contains(part), "{part}: {}", calls[0]);
    }
    assert!(calls[1].contains("outcome=\"tool_error\""), "{}", calls[1]);
    assert!(calls[0].contains("execute_tool{otel.name=execute_tool add"), "the span: {}", calls[0]);
    let messages = log.lines("handled a message");
    assert_eq!(messages.len(), 1, "{}", log.text());
    for part in ["handler=\"asked\"", "call_id=", "outcome=\"ok\"", "queued=", "ran="] {
        assert!(messages[0].contains(part), "{part}: {}", messages[0]);
    }
    let tasks = log.lines("worked on a task");
    assert_eq!(tasks.len(), 1, "{}", log.text());
    for part in ["skill=\"shout\"", "from=scout", "task=", "outcome=\"ok\"", "queued=", "ran="] {
        assert!(tasks[0].contains(part), "{part}: {}", tasks[0]);
    }
}

#[tokio::test]
async fn packets_are_logged_at_trace_under_a_target_of_their_own_and_nowhere_else() {
    let broker = TestBroker::embedded().await;
    let (log, _guard) = listen("off,mqtt_agent::packets=trace");
    work(&broker).await;
    for part in [
        "received CONNACK",
        "sent SUBSCRIBE",
        "received SUBACK",
        "sent PUBLISH",
        "received PUBACK",
        "received PUBLISH",
        "sent PUBACK",
    ] {
        assert!(!log.lines(part).is_empty(), "{part}: {}", log.text());
    }
    let calls = log.lines("topic=a2a/v1/mcp/tools/add/call");
    assert_eq!(calls.len(), 2, "sent and received: {calls:?}");
    assert!(log.text().lines().all(|line| line.contains("TRACE mqtt_agent::packets: ")), "{}", log.text());
    // What a message holds stays out of it.
    assert!(!log.text().contains("arguments"), "{}", log.text());
    let (log, _guard) = listen("trace,mqtt_agent::packets=off");
    work(&broker).await;
    assert!(log.lines("TRACE mqtt_agent").is_empty(), "{:?}", log.lines("TRACE mqtt_agent"));
}
