//! What `watch` tells of a message: a JSON object, and a line for people.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use clap::builder::styling::AnsiColor;
use mqtt_agent::a2a::AgentChange;
use mqtt_agent::topic::Incoming;
use mqtt_agent::wire::{
    CallRequest, CancelRequest, Intent, Namespace, Part, Response, TaskMessage, TaskNotification, TaskQuery,
    TaskResult, TaskState, Topic, now_rfc3339,
};
use mqtt_agent::{ServerChange, SubscribeError};
use serde_json::{Map, Value, json};

use super::sources::Got;
use crate::exit::Failure;
use crate::output::{Output, thousandths};

/// How many unanswered calls are remembered. Beyond that all are forgotten, and their answers come without a tool.
const CALLS: usize = 10_000;

/// How much of arguments, results and messages is shown to people, in characters.
const SHOWN: usize = 80;

/// What is known of calls until they are answered.
#[derive(Default)]
pub(super) struct Calls(HashMap<String, (String, Instant)>);

impl Calls {
    fn called(&mut self, call_id: &str, tool: &str) {
        if self.0.len() >= CALLS {
            self.0.clear();
        }
        self.0.insert(call_id.to_owned(), (tool.to_owned(), Instant::now()));
    }

    /// The tool, and how long the call took.
    fn answered(&mut self, call_id: &str) -> Option<(String, Duration)> {
        self.0.remove(call_id).map(|(tool, at)| (tool, at.elapsed()))
    }
}

/// Something that is told.
pub(super) struct Event {
    at: String,
    json: Map<String, Value>,
    /// What people read in place of `event`.
    word: &'static str,
    colour: AnsiColor,
    text: String,
}

impl Event {
    fn new(word: &'static str, colour: AnsiColor, fields: Value, text: String) -> Self {
        let at = now_rfc3339();
        let mut json = Map::from_iter([("event".to_owned(), json!(word)), ("at".to_owned(), json!(at))]);
        // What a message does not say is left out.
        let fields = fields.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        json.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        Self { at, json, word, colour, text }
    }

    /// `None` for what is no event: an answer to a query, an answer that cannot be read.
    pub(super) fn of(got: Got, namespace: &Namespace, calls: &mut Calls) -> Option<Self> {
        let message = match got {
            Got::Agent(change) => return agent(*change),
            Got::Server(change) => return server(*change),
            Got::Message(message) => message,
        };
        match namespace.parse_topic(message.topic()) {
            Some(Topic::ToolCall(_)) => Some(call(&message, calls)),
            Some(Topic::Cancel(_)) => Some(cancel(&message)),
            Some(Topic::Responses(_)) => answer(&message, calls),
            _ if namespace.owner_of_results(message.topic()).is_some() => result(&message),
            _ => inbox(&message),
        }
    }

    /// The broker does not allow a subscription.
    pub(super) fn denied(kind: &str, error: &SubscribeError) -> Self {
        let message = error.to_string();
        let text = format!("{kind}: {message}");
        Self::new("denied", AnsiColor::Yellow, json!({"kind": kind, "message": message}), text)
    }

    /// Messages came faster than they were told.
    pub(super) fn missed(messages: u64) -> Self {
        let text = format!("{messages} messages, which came faster than they were printed");
        Self::new("missed", AnsiColor::Yellow, json!({ "messages": messages }), text)
    }

    fn unreadable(message: &Incoming, error: &impl ToString) -> Self {
        let error = error.to_string();
        let text = format!("a message on {}: {error}", message.topic());
        Self::new("unreadable", AnsiColor::Red, json!({"topic": message.topic(), "message": error}), text)
    }

    pub(super) fn tell(self, output: Output) -> Result<(), Failure> {
        let Self { at, json, word, colour, text } = self;
        // Of today.
        let time = at.get(11..).unwrap_or(&at);
        output.event(&Value::Object(json), colour, [time, word, &text])
    }
}

/// The level of a topic that names somebody: a tool, a client, an agent.
fn name(topic: &str) -> &str {
    topic.rsplit('/').nth(1).unwrap_or_default()
}

fn short(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn by(who: Option<&str>) -> String {
    who.map(|who| format!("  by {who}")).unwrap_or_default()
}

fn agent(change: AgentChange) -> Option<Event> {
    Some(match change {
        AgentChange::Joined(card) => presence("joined", "agent", &card.agent_id, json!(card)),
        AgentChange::Changed(card) => presence("changed", "agent", &card.agent_id, json!(card)),
        AgentChange::Left(agent) => presence("left", "agent", &agent, Value::Null),
        _ => return None,
    })
}

fn server(change: ServerChange) -> Option<Event> {
    Some(match change {
        ServerChange::Joined(card) => presence("joined", "server", &card.server, json!(card)),
        ServerChange::Changed(card) => presence("changed", "server", &card.server, json!(card)),
        ServerChange::Left(server) => presence("left", "server", &server, Value::Null),
        _ => return None,
    })
}

/// `what`: an agent or a server.
fn presence(word: &'static str, what: &str, id: &str, card: Value) -> Event {
    let colour = if word == "left" { AnsiColor::Yellow } else { AnsiColor::Green };
    Event::new(word, colour, json!({what: id, "card": card}), format!("{what} {id}"))
}

fn call(message: &Incoming, calls: &mut Calls) -> Event {
    let tool = name(message.topic());
    match CallRequest::read(message.payload()) {
        Ok(call) => {
            calls.called(call.call_id.as_str(), tool);
            let arguments = short(&Value::Object(call.arguments.clone()).to_string());
            let text = format!("{tool}  {arguments}{}", by(call.client.as_deref()));
            let fields = json!({
                "tool": tool, "call_id": call.call_id, "client": call.client, "arguments": call.arguments,
            });
            Event::new("called", AnsiColor::Cyan, fields, text)
        }
        Err(malformed) => Event::unreadable(message, &malformed),
    }
}

fn cancel(message: &Incoming) -> Event {
    let tool = name(message.topic());
    match CancelRequest::read(message.payload()) {
        Ok(CancelRequest { call_ids, client }) => {
            let text = match call_ids.len() {
                1 => format!("{tool}{}", by(client.as_deref())),
                calls => format!("{tool}, {calls} calls{}", by(client.as_deref())),
            };
            let fields = json!({"tool": tool, "call_ids": call_ids, "client": client});
            Event::new("cancelled", AnsiColor::Yellow, fields, text)
        }
        Err(error) => Event::unreadable(message, &error),
    }
}

fn answer(message: &Incoming, calls: &mut Calls) -> Option<Event> {
    let client = name(message.topic());
    let response = Response::read(message.payload()).ok()?;
    let call = calls.answered(response.call_id.as_str());
    let (tool, took) = match &call {
        Some((tool, took)) => (Some(tool.as_str()), Some(thousandths(took.as_secs_f64() * 1e3))),
        None => (None, None),
    };
    let shown = tool.unwrap_or("a call from before");
    let after = took.map(|took| format!(" after {took} ms")).unwrap_or_default();
    let mut fields = json!({
        "tool": tool, "call_id": response.call_id, "client": client, "outcome": "ok", "ms": took,
        "elapsed_ms": response.elapsed_ms,
    });
    let error = match response.outcome {
        Ok(result) => {
            let text = format!("{shown}  {}{after}  to {client}", short(result.get()));
            return Some(Event::new("answered", AnsiColor::Cyan, fields, text));
        }
        Err(error) => error,
    };
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("outcome".to_owned(), json!(error.kind.as_str()));
        fields.insert("code".to_owned(), json!(error.code));
        fields.insert("message".to_owned(), json!(error.message));
    }
    let code = error.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let kind = error.kind.as_str();
    let text = format!("{shown}  {kind}{code}: {}{after}  to {client}", short(&error.message));
    Some(Event { word: "failed", ..Event::new("answered", AnsiColor::Red, fields, text) })
}

fn inbox(message: &Incoming) -> Option<Event> {
    let agent = name(message.topic());
    if matches!(TaskQuery::read(message.payload()), Ok(Some(_))) {
        return None;
    }
    let task = match TaskNotification::read(message.payload()) {
        Ok(task) => task,
        Err(error) => return Some(Event::unreadable(message, &error)),
    };
    let (word, colour) = match task.intent {
        Intent::Message => ("replied", AnsiColor::Magenta),
        Intent::Cancel => ("cancelled", AnsiColor::Yellow),
        _ => ("delegated", AnsiColor::Magenta),
    };
    let skill = task.kind.as_deref().map(|skill| format!("/{skill}")).unwrap_or_default();
    let said = task.prompt.clone().or_else(|| task.messages.last().map(said)).unwrap_or_default();
    let text = format!("{agent}{skill}  {}  task {}{}", short(&said), task.task_id, by(task.from.as_deref()));
    let fields = json!({
        "agent": agent, "task": task.task_id, "skill": task.kind, "from": task.from, "text": said,
    });
    Some(Event::new(word, colour, fields, text))
}

/// The text of a task's message.
fn said(message: &TaskMessage) -> String {
    message.content.iter().filter_map(Part::as_text).collect::<Vec<_>>().join(" ")
}

fn result(message: &Incoming) -> Option<Event> {
    let delegator = name(message.topic());
    let told = TaskResult::read(message.payload()).ok()?;
    let state = told.status.as_str();
    let text = told.message.as_ref().map(said).filter(|text| !text.is_empty());
    let error = told.error.as_ref().map(|error| error.message.clone());
    let more = error.clone().or_else(|| text.clone()).or_else(|| told.result.as_ref().map(Value::to_string));
    let colour = match told.status {
        TaskState::Completed => AnsiColor::Green,
        TaskState::Failed | TaskState::Rejected => AnsiColor::Red,
        TaskState::Canceled => AnsiColor::Yellow,
        _ => AnsiColor::Magenta,
    };
    let line = format!(
        "{} is {state}  {}  task {}  to {delegator}",
        told.from,
        short(&more.unwrap_or_default()),
        told.task_id
    );
    let fields = json!({
        "agent": told.from, "task": told.task_id, "delegator": delegator, "state": state, "text": text, "error": error,
    });
    Some(Event::new("task", colour, fields, line))
}
