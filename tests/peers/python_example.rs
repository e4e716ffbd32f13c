//! The peer of `examples/python`, with which people in other languages begin, runs with our programs.

use std::path::Path;
use std::process::Stdio;

use mqtt_agent::prelude::*;
use serde_json::{Value, json};
use support::{SOON, TestBroker, soon};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::tools::*;

/// Writes a text.
#[skill("write")]
async fn write_about(task: Task) -> String {
    format!("done: {}", task.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_example_serves_a_tool_calls_one_and_delegates_a_task() {
    let broker = TestBroker::chosen().await;
    let tools = Agent::new("ours").tools(tools![add]).state(Ran::default());
    let tools = tools.start(&broker.url()).await.unwrap();
    let writer = Agent::new("writer").skills(skills![write_about]).start(&broker.url()).await.unwrap();

    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(folder.join("python/venv/bin/python"));
    command.arg(folder.join("../examples/python/peer.py")).arg(broker.url());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut peer = command.spawn().expect("paho-mqtt is installed in tests/python/venv");
    let mut lines = BufReader::new(peer.stdout.take().unwrap()).lines();
    let mut said = async || -> Value {
        let line = tokio::time::timeout(SOON, lines.next_line()).await.expect("in time").unwrap();
        serde_json::from_str(&line.expect("the peer runs")).unwrap()
    };
    assert_eq!(said().await["add"], json!({"sum": 3.0}));
    let task = said().await;
    assert_eq!(task["task"]["status"], "completed");
    assert_eq!(task["task"]["result"], "done: Write about brokers.");

    let client = tools.client();
    let card = client.tool("reverse").await.unwrap().unwrap();
    assert_eq!(card.description, "Reverses a text.");
    let reversed: String = client.call("reverse", json!({"text": "abc"})).returning().await.unwrap();
    assert_eq!(reversed, "cba");
    drop(peer.stdin.take());
    assert!(soon(peer.wait()).await.unwrap().success());
    tools.stop().await;
    writer.stop().await;
}
