//! The guide's page "the wire": every example on it is what our programs send, and our own readers take it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mqtt_agent::Content;
use mqtt_agent::a2a::{NewTask, TaskUpdateError};
use mqtt_agent::prelude::*;
use mqtt_agent::wire;
use mqtt_agent::wire::{Artifact, Namespace, Part};
use rumqttc::v5::mqttbytes::v5::Publish;
use serde_json::{Value, json};
use support::{RawPeer, TestBroker, soon};
use tokio::sync::Notify;

const PAGE: &str = include_str!("../../mqtt-agent/docs/wire.md");

/// Adds two numbers.
#[tool]
async fn sum(a: f64, b: f64) -> f64 {
    a + b
}

/// Draws a dot.
#[tool]
async fn draw() -> Content {
    Content::new().with_text("a dot").with_image(vec![1, 2, 3], "image/png")
}

/// Repeats a letter.
#[tool]
async fn letters(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// Counts up.
#[tool]
async fn count_up(to: u32, partials: Partials<u32>, State(begun): State<Arc<Notify>>) -> u32 {
    begun.notify_one();
    for number in 1..=to {
        if partials.send(&number).await.is_err() {
            break;
        }
    }
    if to == 0 {
        std::future::pending::<()>().await;
    }
    to
}

/// Writes a poem.
#[skill(tags("text"))]
async fn write(task: Task, lines: u32) -> Result<String, TaskUpdateError> {
    task.progress("looking for a subject").await;
    let subject = task.ask("What about?").await?.text();
    task.artifact(Artifact::new("draft", [Part::text(format!("{subject}, {lines} lines"))])).await?;
    Ok("Ships on a quiet sea.".to_owned())
}

/// What was seen, by topic, in its order.
struct Captured(RawPeer);

impl Captured {
    async fn next(&mut self, topic: &str) -> (String, Value) {
        let publish: Publish = self.0.next(topic).await;
        (String::from_utf8(publish.topic.to_vec()).unwrap(), support::json(&publish))
    }

    /// The next one on a topic of which something holds; others are passed over.
    async fn until(&mut self, topic: &str, holds: impl Fn(&Value) -> bool) -> (String, Value) {
        loop {
            let (topic, value) = self.next(topic).await;
            if holds(&value) {
                return (topic, value);
            }
        }
    }
}

/// One message of each kind, as our programs send it.
async fn sent() -> BTreeMap<&'static str, (String, Value)> {
    let broker = TestBroker::embedded().await;
    let mut raw = RawPeer::connect(&broker.url(), "watcher").await;
    raw.subscribe("a2a/v1/#").await;
    let mut seen = Captured(raw);
    let mut all = BTreeMap::new();

    let begun = Arc::new(Notify::new());
    let agent =
        Agent::new("calculator").tools(tools![sum, count_up, draw, letters]).state(Arc::clone(&begun));
    let calculator = agent.start(&broker.url()).await.unwrap();
    all.insert("server card", seen.next("a2a/v1/mcp/servers/calculator/card").await);
    all.insert("tool card", seen.next("a2a/v1/mcp/tools/sum/card").await);
    let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();

    client.call("sum", json!({"a": 1, "b": 2})).await.unwrap();
    all.insert("call", seen.next("a2a/v1/mcp/tools/sum/call").await);
    all.insert("response", seen.next("a2a/v1/mcp/clients/scout/responses").await);
    client.call("sum", json!({"a": 1, "b": "two"})).await.unwrap_err();
    all.insert("error response", seen.next("a2a/v1/mcp/clients/scout/responses").await);
    drop(client.call("draw", json!({})).content().await.unwrap());
    all.insert("call that accepts content", seen.next("a2a/v1/mcp/tools/draw/call").await);
    all.insert("response with content", seen.next("a2a/v1/mcp/clients/scout/responses").await);
    let narrow = ConnectOptions::new(broker.url()).id("narrow").max_packet_size(4096);
    let narrow = Client::connect(narrow).await.unwrap();
    narrow.call("letters", json!({"bytes": 4000})).max_result_bytes(5000).await.unwrap();
    all.insert("call that accepts chunks", seen.next("a2a/v1/mcp/tools/letters/call").await);
    all.insert("chunk", seen.next("a2a/v1/mcp/tools/letters/stream/").await);
    all.insert("response in chunks", seen.next("a2a/v1/mcp/clients/narrow/responses").await);
    let stream = client.call("count_up", json!({"to": 1})).stream().await.unwrap();
    stream.finish().await.unwrap();
    all.insert("partial result", seen.next("a2a/v1/mcp/tools/count_up/stream/").await);
    all.insert("end of the partial results", seen.next("a2a/v1/mcp/tools/count_up/stream/").await);
    begun.notified().await;
    let endless = client.call("count_up", json!({"to": 0})).stream().await.unwrap();
    soon(begun.notified()).await;
    drop(endless);
    all.insert("cancel", seen.next("a2a/v1/mcp/tools/count_up/cancel").await);
    calculator.stop().await;

    let writer = Agent::new("writer").skills(skills![write]).start(&broker.url()).await.unwrap();
    all.insert("agent card", seen.next("a2a/v1/agents/writer/card").await);
    all.insert("status", seen.next("a2a/v1/agents/writer/status").await);
    let mut task =
        client.delegate("writer", NewTask::skill("write").data(&json!({"lines": 4}))).await.unwrap();
    all.insert("task", seen.next("a2a/v1/tasks/writer/inbox").await);
    let results = "a2a/v1/tasks/scout/results";
    while soon(task.next()).await.unwrap().state != wire::TaskState::InputRequired {}
    all.insert("update", seen.until(results, |result| result.get("message").is_some()).await);
    all.insert("question", seen.until(results, |result| result["status"] == "input-required").await);
    task.send("ships").await.unwrap();
    task.result().await.unwrap();
    all.insert("message", seen.next("a2a/v1/tasks/writer/inbox").await);
    all.insert("artifact", seen.until(results, |result| result.get("artifacts").is_some()).await);
    all.insert("result", seen.until(results, |result| result["status"] == "completed").await);
    let mut refused = client.delegate("writer", NewTask::skill("write").data(&json!({}))).await.unwrap();
    seen.next("a2a/v1/tasks/writer/inbox").await;
    refused.result().await.unwrap_err();
    all.insert("error result", seen.until(results, |result| result.get("error").is_some()).await);
    let asks = client.delegate("writer", NewTask::skill("write").data(&json!({"lines": 1}))).await.unwrap();
    seen.next("a2a/v1/tasks/writer/inbox").await;
    seen.until(results, |result| result["status"] == "input-required").await;
    asks.cancel().await.unwrap();
    all.insert("cancel of a task", seen.next("a2a/v1/tasks/writer/inbox").await);
    let done = || client.tasks("writer").states([wire::TaskState::Completed]).limit(1);
    let mut again =
        client.delegate("writer", NewTask::skill("write").data(&json!({"lines": 4}))).await.unwrap();
    while soon(again.next()).await.unwrap().state != wire::TaskState::InputRequired {}
    again.send("ships").await.unwrap();
    again.result().await.unwrap();
    done().await.unwrap();
    all.insert("query", seen.until("a2a/v1/tasks/writer/inbox", |query| query["intent"] == "query").await);
    all.insert("answer to a query", seen.until(results, |answer| answer.get("query").is_some()).await);
    writer.stop().await;
    all
}

/// The page's examples: a line with name and topic, and the JSON below it.
fn written() -> BTreeMap<String, (String, Value)> {
    let mut all = BTreeMap::new();
    let mut lines = PAGE.lines();
    while let Some(line) = lines.next() {
        let Some((name, topic)) =
            line.strip_prefix("Example: **").and_then(|rest| rest.split_once("** on `"))
        else {
            continue;
        };
        assert_eq!(lines.next(), Some(""), "{name}");
        assert_eq!(lines.next(), Some("```json"), "{name}");
        let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        let value = serde_json::from_str(&text.join("\n")).unwrap_or_else(|error| panic!("{name}: {error}"));
        all.insert(name.to_owned(), (topic.trim_end_matches('`').to_owned(), value));
    }
    all
}

/// A message without what differs each time: ids that were drawn, points in time, lengths of time and the version.
fn lasting(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match key.as_str() {
                "elapsed_ms" => (key.clone(), json!(value.is_number())),
                // Shortened on the page.
                "data" if fields.get("type").is_some_and(|kind| kind == "chunk") => {
                    (key.clone(), json!(value.is_string()))
                }
                "sdk" => (key.clone(), json!(value.is_string())),
                // How many updates there were, hangs on time.
                "seq" if fields.contains_key("created_at") => (key.clone(), json!(value.is_number())),
                _ => (key.clone(), lasting(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(lasting).collect(),
        Value::String(text) if is_id(text) => json!("an id"),
        Value::String(text) if text.len() > 19 && text.as_bytes()[10] == b'T' && text.ends_with('Z') => {
            json!("a time")
        }
        other => other.clone(),
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.matches('-').count() == 4
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_wire_page_is_what_our_programs_send() {
    let sent = sent().await;
    let written = written();
    if std::env::var_os("SHOW_WIRE").is_some() {
        for (name, (topic, value)) in &sent {
            println!(
                "Example: **{name}** on `{topic}`\n\n```json\n{}\n```\n",
                serde_json::to_string_pretty(value).unwrap()
            );
        }
    }
    assert_eq!(written.keys().collect::<Vec<_>>(), sent.keys().collect::<Vec<_>>(), "the page has them all");
    for (name, (topic, value)) in &sent {
        let (page_topic, page) = &written[*name];
        assert_eq!(lasting(page), lasting(value), "{name}");
        let levels = |topic: &str| -> Vec<String> {
            topic.split('/').map(|level| if is_id(level) { "an id" } else { level }.to_owned()).collect()
        };
        assert_eq!(levels(page_topic), levels(topic), "{name}");
    }
}

#[test]
fn every_example_of_the_wire_page_is_read_by_the_reader_of_its_kind() {
    for (name, (topic, value)) in written() {
        let bytes = value.to_string().into_bytes();
        let read = match name.as_str() {
            "server card" => wire::ServerCard::read("calculator", &bytes).map(|card| card.is_some()),
            "tool card" => wire::ToolCard::read("sum", &bytes).map(|card| card.is_some()),
            "agent card" => wire::AgentCard::read("writer", &bytes).map(|card| card.is_some()),
            "status" => wire::AgentStatus::read(&bytes).map(|status| status.is_some()),
            "call" | "call that accepts content" | "call that accepts chunks" => {
                Ok(wire::CallRequest::read(&bytes).is_ok())
            }
            "cancel" => wire::CancelRequest::read(&bytes).map(|_| true),
            "response" | "error response" => wire::Response::read(&bytes).map(|_| true),
            "chunk" => wire::Chunk::read(&bytes).map(|chunk| chunk.is_some()),
            "response in chunks" => wire::Response::read(&bytes)
                .and_then(|response| wire::Chunks::read(&response.chunks.unwrap()))
                .map(|chunks| chunks.bytes == 4002),
            "response with content" => wire::Response::read(&bytes)
                .map(|response| wire::ContentBlock::read_all(&response.content.unwrap()).unwrap().len() == 2),
            "partial result" | "end of the partial results" => {
                wire::StreamMessage::read(&bytes).map(|_| true)
            }
            "query" => wire::TaskQuery::read(&bytes).map(|query| query.is_some()),
            "answer to a query" => wire::TaskList::read(&bytes).map(|list| list.tasks.len() == 1),
            "task" | "message" | "cancel of a task" => wire::TaskNotification::read(&bytes).map(|_| true),
            _ => wire::TaskResult::read(&bytes).map(|_| true),
        };
        assert!(read.unwrap_or_else(|error| panic!("{name}: {error}")), "{name}");
        assert!(topic.starts_with(Namespace::default().as_str()), "{topic}");
    }
}

#[test]
fn the_wire_page_names_the_specification_that_is_spoken() {
    assert!(PAGE.contains(&format!("MQTT.Agent {}", wire::SPEC_VERSION)), "{}", wire::SPEC_VERSION);
    let changelog = include_str!("../../CHANGELOG.md");
    assert!(changelog.contains(&format!("MQTT.Agent {}", wire::SPEC_VERSION)), "{}", wire::SPEC_VERSION);
}
