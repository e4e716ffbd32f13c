//! What `watch` tells of a message: a JSON object, and a line for people.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use clap::builder::styling::AnsiColor;
use mqtt_agent::a2a::AgentChange;
use mqtt_agent::topic::Incoming;
use mqtt_agent::wire::{
    CallRequest, CancelRequest, Identifier, Intent, Namespace, Part, Response, TaskMessage, TaskNotification,
    TaskQuery, TaskResult, TaskState, Topic, now_rfc3339,
};
use mqtt_agent::{ConnectionState, ServerChange, SubscribeError};
use serde_json::{Map, Value, json};

use super::sources::Got;
use crate::exit::Failure;
use crate::output::{Output, thousandths};

/// How many unanswered calls are remembered. The answer to one that was forgotten comes without a tool.
const CALLS: usize = 10_000;

/// How much of arguments, results and messages is shown to people, in characters.
const SHOWN: usize = 80;

/// What is known of calls until they are answered.
#[derive(Default)]
pub(super) struct Calls {
    open: HashMap<Identifier, Call>,
    /// The ids in the order of the calls.
    order: BTreeMap<u64, Identifier>,
    next: u64,
}

struct Call {
    tool: Identifier,
    at: Instant,
    place: u64,
}

impl Calls {
    fn called(&mut self, call_id: Identifier, tool: Identifier) {
        if self.order.len() >= CALLS
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.open.remove(&oldest);
        }
        let place = self.next;
        self.next += 1;
        self.order.insert(place, call_id.clone());
        if let Some(before) = self.open.insert(call_id, Call { tool, at: Instant::now(), place }) {
            self.order.remove(&before.place);
        }
    }

    fn answered(&mut self, call_id: &Identifier) -> Option<Call> {
        let call = self.open.remove(call_id)?;
        self.order.remove(&call.place);
        Some(call)
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
            Got::Connection(state) => return connection(&state),
            Got::Agent(change) => return agent(*change),
            Got::Server(change) => return server(*change),
            Got::Message(message) => message,
        };
        let topic = message.topic();
        let Ok(name) = Identifier::parse(name(topic)) else {
            return Some(Self::unreadable(&message, &"the topic names nobody"));
        };
        match namespace.parse_topic(topic) {
            Some(Topic::ToolCall(_)) => Some(call(&message, name, calls)),
            Some(Topic::Cancel(_)) => Some(cancel(&message, &name)),
            Some(Topic::Responses(_)) => answer(&message, &name, calls),
            _ if topic.ends_with("/inbox") => inbox(&message, &name),
            _ => result(&message, Some(name.as_str()).filter(|_| topic.ends_with("/results"))),
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
        let (topic, error) = (short(message.topic()), error.to_string());
        let text = format!("a message on {topic}: {error}");
        Self::new("unreadable", AnsiColor::Red, json!({"topic": topic, "message": error}), text)
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
    who.map(|who| format!("  by {}", short(who))).unwrap_or_default()
}

fn connection(state: &ConnectionState) -> Option<Event> {
    match state {
        ConnectionState::Connected { session_present, .. } => {
            let text = match session_present {
                true => "the broker kept what came meanwhile",
                false => "what came meanwhile is missing",
            };
            let fields = json!({ "session_present": session_present });
            Some(Event::new("connected", AnsiColor::Green, fields, text.to_owned()))
        }
        // Told once, and not for each attempt.
        ConnectionState::Connecting { attempt: 1, error, .. } => {
            let text = error.as_deref().unwrap_or_default().to_owned();
            Some(Event::new("disconnected", AnsiColor::Yellow, json!({ "message": error.as_deref() }), text))
        }
        _ => None,
    }
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

fn call(message: &Incoming, tool: Identifier, calls: &mut Calls) -> Event {
    match CallRequest::read(message.payload()) {
        Ok(call) => {
            let arguments = short(&Value::Object(call.arguments.clone()).to_string());
            let text = format!("{tool}  {arguments}{}", by(call.client.as_deref()));
            let fields = json!({
                "tool": tool, "call_id": call.call_id, "client": call.client, "arguments": call.arguments,
            });
            calls.called(call.call_id, tool);
            Event::new("called", AnsiColor::Cyan, fields, text)
        }
        Err(malformed) => Event::unreadable(message, &malformed),
    }
}

fn cancel(message: &Incoming, tool: &Identifier) -> Event {
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

fn answer(message: &Incoming, client: &Identifier, calls: &mut Calls) -> Option<Event> {
    let response = Response::read(message.payload()).ok()?;
    let call = calls.answered(&response.call_id);
    let tool = call.as_ref().map(|call| call.tool.as_str());
    let took = call.as_ref().map(|call| thousandths(call.at.elapsed().as_secs_f64() * 1e3));
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
    let code = error.code.map(|code| format!(" ({})", short(&code))).unwrap_or_default();
    let kind = short(error.kind.as_str());
    let text = format!("{shown}  {kind}{code}: {}{after}  to {client}", short(&error.message));
    Some(Event { word: "failed", ..Event::new("answered", AnsiColor::Red, fields, text) })
}

fn inbox(message: &Incoming, agent: &Identifier) -> Option<Event> {
    if matches!(TaskQuery::read(message.payload()), Ok(Some(_))) {
        return None;
    }
    let task = match TaskNotification::read(message.payload()) {
        Ok(task) => task,
        Err(error) => return Some(Event::unreadable(message, &error)),
    };
    // A question where a task is.
    if task.intent == Intent::Task && task.is_bare() {
        return None;
    }
    let (word, colour) = match task.intent {
        Intent::Message => ("replied", AnsiColor::Magenta),
        Intent::Cancel => ("cancelled", AnsiColor::Yellow),
        _ => ("delegated", AnsiColor::Magenta),
    };
    let skill = task.kind.as_deref().map(|skill| format!("/{}", short(skill))).unwrap_or_default();
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

/// `delegator`: who has it, where the topic says that.
fn result(message: &Incoming, delegator: Option<&str>) -> Option<Event> {
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
    let to = delegator.map(|delegator| format!("  to {delegator}")).unwrap_or_default();
    let (from, more) = (short(&told.from), short(&more.unwrap_or_default()));
    let line = format!("{from} is {state}  {more}  task {}{to}", told.task_id);
    let fields = json!({
        "agent": told.from, "task": told.task_id, "delegator": delegator, "state": state, "text": text, "error": error,
    });
    Some(Event::new("task", colour, fields, line))
}
