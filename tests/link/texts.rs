//! What peers write, in the log and in errors: escaped, shortened, and not more of it than a few lines for each cause.

use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskError;
use mqtt_agent::{CallError, RemoteError};
use support::{RawPeer, TestBroker, eventually, json as body, reply_to, soon};
use tracing::Level;

use crate::log;

/// Clears the screen, turns the order of reading, begins a line of its own, and is long.
fn hostile() -> String {
    format!("\u{1b}[2J\u{202e}\r\nforged{}", "x".repeat(500))
}

/// Its beginning as it is shown.
const ESCAPED: &str = "\\u{1b}[2J\\u{202e}\\u{d}\\u{a}forged";

/// The same within a topic, where no control characters can be.
const LEVEL: &str = "a\u{202e}b\u{200b}";

fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'))
}

/// Fails in a peer's words.
#[tool]
fn quote(text: String) -> Result<(), String> {
    Err(text)
}

/// Fails inside in a peer's words.
#[tool]
fn inside(text: String) -> Result<(), Inside> {
    Err(Inside(text))
}

/// An error that only the log has.
#[derive(Debug, ToolError)]
#[tool_error(internal)]
struct Inside(String);

impl std::fmt::Display for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Inside {}

/// Panics with a peer's words.
#[tool]
fn panics(text: String) {
    panic!("{text}")
}

/// Fails in a peer's words.
#[skill(tags("x"))]
async fn fails(task: Task) -> Result<(), String> {
    Err(task.text())
}

/// Asks in a peer's words.
#[skill(tags("x"))]
async fn asks(task: Task) -> Result<(), String> {
    task.ask(task.text()).await.map(drop).map_err(|error| error.to_string())
}

/// Fails in a peer's words.
#[on("said/{who}")]
async fn said(_who: String, text: String) -> Result<(), String> {
    Err(text)
}

/// Answers with what it is given.
#[request("asked/{who}")]
async fn asked(_who: String, text: String) -> Result<String, String> {
    Ok(text)
}

fn agent() -> Agent {
    Agent::new("desk")
        .tools(tools![quote, inside, panics])
        .skills(skills![fails, asks])
        .handlers(handlers![said, asked])
}

#[tokio::test]
async fn sub_11a_what_peers_write_is_escaped_and_shortened_in_every_log_line() {
    let (log, _guard) = log::begin(Level::DEBUG);
    let broker = TestBroker::embedded().await;
    let agent = agent().start(&broker.url()).await.unwrap();
    let client = agent.client();
    let mut changes = client.agents().watch().await.unwrap();
    soon(changes.next()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "peer").await;
    let text = hostile();
    let responses = &*format!("a2a/v1/mcp/clients/{LEVEL}/responses");
    for tool in ["inside", "panics"] {
        let call = json!({"call_id": LEVEL, "client": LEVEL, "arguments": {"text": text}}).to_string();
        peer.publish(&format!("a2a/v1/mcp/tools/{tool}/call"), call, reply_to(responses, b"x")).await;
    }
    let bad = |field: &str| json!({"call_id": "x", "task_id": LEVEL, "status": "online", "version": "1", field: text});
    let mut payloads = vec![text.clone(), format!("{{\"{text}\": 1}}")];
    let fields = [
        "call_id",
        "client",
        "arguments",
        "from",
        "to",
        "type",
        "intent",
        "version",
        "status",
        "messages",
        "agent_id",
    ];
    payloads.extend(fields.map(|field| bad(field).to_string()));
    payloads.push(json!({"task_id": format!("{LEVEL}2"), "intent": "cancel", "from": "peer"}).to_string());
    payloads.push(json!({"task_id": LEVEL, "intent": "cancel", "from": text}).to_string());
    payloads.push(
        json!({"task_id": LEVEL, "intent": text, "from": "peer", "messages": [{"content": text}]})
            .to_string(),
    );
    payloads.push(
        json!({"task_id": LEVEL, "from": text, "status": "failed", "error": {"message": text}}).to_string(),
    );
    let topics = [
        "a2a/v1/mcp/tools/quote/call",
        "a2a/v1/mcp/tools/quote/cancel",
        "a2a/v1/tasks/desk/inbox",
        "a2a/v1/tasks/desk/results",
        "a2a/v1/mcp/clients/desk/responses",
    ];
    for (index, payload) in payloads.iter().enumerate() {
        for topic in topics {
            peer.publish(topic, payload.as_str(), Default::default()).await;
            let door = format!("door/{LEVEL}");
            peer.publish(topic, payload.as_str(), reply_to(&door, LEVEL.as_bytes())).await;
        }
        for topic in [format!("said/{LEVEL}"), format!("asked/{LEVEL}")] {
            let properties = reply_to(&format!("door/{LEVEL}"), LEVEL.as_bytes());
            peer.publish(&topic, serde_json::to_vec(payload).unwrap(), properties).await;
        }
        for topic in [
            format!("a2a/v1/agents/{LEVEL}{index}/card"),
            format!("a2a/v1/agents/{LEVEL}{index}/status"),
            format!("a2a/v1/mcp/tools/{LEVEL}{index}/card"),
            format!("a2a/v1/mcp/servers/{LEVEL}{index}/card"),
        ] {
            peer.retain(&topic, payload.as_str()).await;
        }
        let watching = tokio::time::timeout(std::time::Duration::from_millis(2), changes.next());
        drop(watching.await);
    }
    drop(client.tools().partial().await);
    drop(client.servers().partial().await);
    let logged = [
        "refused a malformed call",
        "a call of a client without a usable name",
        "a call without a safe reply topic",
        "a handler failed inside",
        "a handler panicked",
        "failed to handle a message",
        "dropped a cancel",
        "refused an inbox message",
        "dropped a message for another agent",
        "dropped a message whose `from`",
        "dropped a message about no running task",
        "dropped a task whose reply topic",
        "failed to read a result",
        "ignored a card",
        "ignored a status",
        "ignored a field",
        "Response Topic that is not allowed",
    ];
    for line in logged {
        eventually(line, || async { (!log.lines(line).is_empty()).then_some(()) }).await;
    }
    // The broker is of this process, too.
    for line in log.lines("mqtt_agent::") {
        assert!(is_harmless(&line), "{line:?}");
        assert!(line.len() < 4000, "{} bytes: {line}", line.len());
    }
    assert!(!log.text().lines().any(|line| line.starts_with("forged")), "a line of a peer's own");
    assert!(log.lines(ESCAPED).len() > logged.len() / 2, "{}", log.text());
    // It serves on.
    peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
    let call = json!({"call_id": "last", "arguments": {"text": text}}).to_string();
    let back = reply_to("a2a/v1/mcp/clients/peer/responses", b"last");
    peer.publish("a2a/v1/mcp/tools/quote/call", call, back).await;
    let answer = body(&peer.next("a2a/v1/mcp/clients/peer/responses").await);
    assert_eq!(answer["error"]["message"], text, "on the wire it is what it was");
    agent.stop().await;
}

#[tokio::test]
async fn sub_11a_errors_print_what_peers_write_escaped_and_shortened_and_hold_it_as_it_came() {
    let broker = TestBroker::embedded().await;
    let agent = agent().start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    let text = hostile();
    let shown = |error: &dyn std::fmt::Display| {
        let printed = error.to_string();
        assert!(printed.contains(ESCAPED) && printed.contains('…'), "{printed:?}");
        assert!(is_harmless(&printed) && printed.chars().count() < 400, "{printed:?}");
    };
    let error = client.call("quote", json!({"text": text})).await.unwrap_err();
    shown(&error);
    let CallError::Tool { message, .. } = &error else { panic!("{error}") };
    assert_eq!(*message, text);
    shown(&RemoteError::<String>::Tool(text.clone()));
    for error in [
        CallError::InvalidArguments { message: text.clone() },
        CallError::Unauthorized { message: text.clone() },
        CallError::TimedOutByServer { message: text.clone() },
        CallError::Unavailable { message: text.clone(), code: None, retry_after: None },
        CallError::InvalidResponse { message: text.clone() },
        CallError::UnexpectedResult(serde::de::Error::custom(&text)),
        CallError::UnexpectedPartial(serde::de::Error::custom(&text)),
    ] {
        shown(&error);
    }
    let error = client.request("desk", NewTask::skill("fails").text(&text)).await.unwrap_err();
    shown(&error);
    let DelegateError::Failed(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.message, text);
    let error = client.request("desk", NewTask::skill("asks").text(&text)).await.unwrap_err();
    shown(&error);
    let DelegateError::Question { question, .. } = &error else { panic!("{error}") };
    assert_eq!(*question, text);
    shown(&DelegateError::Rejected(TaskError::new(&text, "no")));
    shown(&DelegateError::UnexpectedResult(serde::de::Error::custom(&text)));
    client.close().await;
    agent.stop().await;
}

#[tokio::test]
async fn a_flood_of_messages_that_cannot_be_read_adds_a_few_lines_to_the_log() {
    let (log, _guard) = log::begin(Level::INFO);
    let broker = TestBroker::embedded().await;
    let agent = agent().start(&broker.url()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "peer").await;
    let topics = ["a2a/v1/mcp/tools/quote/call", "a2a/v1/mcp/tools/quote/cancel", "a2a/v1/tasks/desk/inbox"];
    for topic in topics {
        peer.publish_all((0..1000).map(|_| (topic.to_owned(), "x"))).await;
    }
    peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
    let back = reply_to("a2a/v1/mcp/clients/peer/responses", b"last");
    peer.publish("a2a/v1/mcp/tools/quote/call", r#"{"call_id": "last"}"#, back).await;
    peer.next("a2a/v1/mcp/clients/peer/responses").await;
    // Other tests of this process count as well.
    for line in ["refused a malformed call", "dropped a cancel", "refused an inbox message"] {
        let lines = log.lines(line).len();
        assert!(lines <= 20, "{lines} lines of `{line}`");
    }
    agent.stop().await;
}
