//! The npm package `server-everything`, published on MQTT: what it is to a host that starts it, and what it is to one behind
//! both bridges, is the same.

use std::process::Stdio;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Content};
use serde_json::Value;
use support::{SOON, TestBroker};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::host::{COMMAND, clean, folder};

fn everything() -> String {
    let path = folder("node/node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    assert!(path.exists(), "install `tests/node` as the README says");
    path.to_str().unwrap().to_owned()
}

/// A host that says what it is told to, and shows what it gets.
struct Mcp {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    next: u64,
    steps: Vec<Value>,
}

impl Mcp {
    async fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("it runs");
        let (input, output) =
            (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        let mut mcp = Self { _child: child, input, output, next: 0, steps: Vec::new() };
        let client = json!({"name": "host", "version": "1"});
        mcp.ask(
            "initialize",
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}),
        )
        .await;
        mcp.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        mcp
    }

    async fn send(&mut self, message: Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        loop {
            let line =
                tokio::time::timeout(2 * SOON, self.output.next_line()).await.expect("in time").unwrap();
            let mut message: Value = serde_json::from_str(&line.expect("it runs")).expect("JSON");
            if message["method"] == "notifications/progress" {
                let mut step = message["params"].take();
                step.as_object_mut().unwrap().remove("progressToken");
                self.steps.push(step);
            } else if message["id"] == id && message.get("method").is_none() {
                return message["result"].take();
            }
        }
    }

    async fn tools(&mut self) -> Vec<Value> {
        let mut tools = self.ask("tools/list", json!({})).await["tools"].take();
        let mut tools = std::mem::take(tools.as_array_mut().unwrap());
        tools.sort_by_key(|tool| tool["name"].as_str().unwrap().to_owned());
        tools
    }

    async fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": "p"}}))
            .await
    }
}

async fn published(url: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = clean(COMMAND.as_ref());
    command.args([
        "publish",
        "--json",
        "--url",
        url,
        "--id",
        "everything",
        "--resources",
        "--prompts",
        "--",
        "node",
        &everything(),
    ]);
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = tokio::time::timeout(2 * SOON, lines.next_line()).await.expect("in time").unwrap();
        let event: Value = serde_json::from_str(&line.expect("it runs")).unwrap();
        assert_ne!(event["event"], "dropped", "{event}");
        if event["event"] == "online" {
            return (child, lines);
        }
    }
}

/// What a host is told of a tool that the wire carries. Icons, `execution` and `_meta` have no place there.
fn told(tool: &Value) -> Value {
    let mut told = tool.clone();
    for field in ["execution", "icons", "_meta"] {
        told.as_object_mut().unwrap().remove(field);
    }
    told
}

/// `1` and `1.0` are one number.
fn numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.into_iter().map(numbers).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, numbers(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_round_trip_loses_nothing_that_the_wire_carries() {
    let broker = TestBroker::chosen().await;
    let (_publish, _lines) = published(&broker.url()).await;
    let mut node = clean("node".as_ref());
    node.arg(everything());
    let mut direct = Mcp::start(node).await;
    let mut bridge = clean(COMMAND.as_ref());
    bridge.args(["mcp", "--no-cache", "--url", &broker.url()]);
    let mut around = Mcp::start(bridge).await;

    let (own, mut others) = (direct.tools().await, around.tools().await);
    others.retain(|tool| !tool["name"].as_str().unwrap().starts_with("everything-"));
    let own: Vec<_> = own.iter().map(told).collect();
    assert!(own.len() >= 10, "{own:?}");
    assert_eq!(others.iter().map(told).collect::<Vec<_>>(), own);

    for (tool, arguments) in [
        ("echo", json!({"message": "hello"})),
        ("get-sum", json!({"a": 2, "b": 3})),
        ("get-tiny-image", json!({})),
        ("get-annotated-message", json!({"messageType": "error", "includeImage": true})),
        ("get-annotated-message", json!({"messageType": "success"})),
        ("get-structured-content", json!({"location": "New York"})),
        ("get-resource-links", json!({"count": 3})),
        ("trigger-long-running-operation", json!({"duration": 1, "steps": 4})),
    ] {
        let (expected, got) = (direct.call(tool, &arguments).await, around.call(tool, &arguments).await);
        assert_eq!(numbers(got["content"].clone()), numbers(expected["content"].clone()), "{tool}");
        // A text that is also given as the structured content of a tool without an output schema is no more than a text.
        if let Some(structured) = expected.get("structuredContent") {
            assert_eq!(&got["structuredContent"], structured, "{tool}");
        }
        let is_error = |result: &Value| result["isError"].as_bool().unwrap_or_default();
        assert_eq!(is_error(&got), is_error(&expected), "{tool}");
    }
    let counted = |steps: &[Value]| -> Vec<(Option<f64>, Option<f64>)> {
        steps.iter().map(|step| (step["progress"].as_f64(), step["total"].as_f64())).collect()
    };
    assert_eq!(counted(&around.steps), counted(&direct.steps));
    assert_eq!(around.steps.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_called_from_rust() {
    let broker = TestBroker::chosen().await;
    let (_publish, _lines) = published(&broker.url()).await;
    let client = Client::connect(broker.url()).await.unwrap();
    let echo: String = client.call("echo", json!({"message": "hello"})).returning().await.unwrap();
    assert_eq!(echo, "Echo: hello");
    let image = client.call("get-tiny-image", ()).content().await.unwrap();
    let bytes = image.blocks().iter().find_map(|block| block.as_bytes()).expect("an image");
    assert_eq!(&bytes[..4], b"\x89PNG");
    let weather = client.call("get-structured-content", json!({"location": "Chicago"}));
    let weather = weather.returning::<Content<Value>>().await.unwrap();
    assert!(weather.value()["temperature"].is_number(), "{weather:?}");
    let refused = client.call("get-sum", json!({"a": "two"})).await.unwrap_err();
    assert!(matches!(refused, CallError::InvalidArguments { .. }), "{refused:?}");
    let resources = client.call("everything-list-resources", ()).await.unwrap();
    assert!(!resources["resourceTemplates"].as_array().unwrap().is_empty(), "{resources}");
    let uri = resources["resources"][0]["uri"].clone();
    let read = client.call("everything-read-resource", json!({"uri": uri})).await.unwrap();
    assert_eq!(read["contents"][0]["uri"], uri);
    let prompts = client.call("everything-list-prompts", ()).await.unwrap();
    assert!(prompts["prompts"].as_array().unwrap().len() >= 2, "{prompts}");
    let prompt = client.call("everything-get-prompt", json!({"name": prompts["prompts"][0]["name"]})).await;
    assert!(prompt.unwrap()["messages"].is_array());
}
