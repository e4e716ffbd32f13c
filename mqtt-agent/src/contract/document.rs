//! The document: all tools, skills, topic handlers and events with their schemas, sorted by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::handler::param::Need;
use crate::handler::registry::{
    AgentDef, ArgDef, CardDef, Collected, EventDef, HandlerDef, HandlerKind, OnCrash, RegisteredEvent,
    SkillDef, ToolDef,
};
use crate::handler::reply::ErrorCode;
use crate::schema::{ToolSchemas, accepted, described};

/// The version of the document's format.
const FORM: &str = "1";

/// Everything that is linked into this program, and the agents.
pub(super) fn document(agents: impl Iterator<Item = AgentDef>) -> Result<Value, String> {
    let Collected { mut tools, mut skills, mut handlers, .. } = Collected::of(None);
    let mut events: Vec<&EventDef> =
        inventory::iter::<RegisteredEvent>.into_iter().map(|event| event.0).collect();
    let mut by_agent = BTreeMap::new();
    for def in agents {
        tools.extend(def.tools());
        skills.extend(def.skills());
        handlers.extend(def.handlers());
        events.extend(def.events());
        let entry = agent(def);
        if by_agent.insert(def.id, entry.clone()).is_some_and(|earlier| earlier != entry) {
            let id = def.id;
            return Err(format!("two agents are called `{id}`; name one of them with `#[agent(\"..\")]`"));
        }
    }
    let mut document = Map::new();
    document.insert("contract".to_owned(), json!(FORM));
    document.insert("agents".to_owned(), json!(by_agent));
    let tools = named("tool", tools, |tool| {
        Ok((tool.name().to_owned(), self::tool(tool)?, tool.location().to_string()))
    })?;
    document.insert("tools".to_owned(), tools);
    let skills = named("skill", skills, |skill| {
        Ok((skill.id().to_owned(), self::skill(skill)?, skill.location().to_string()))
    })?;
    document.insert("skills".to_owned(), skills);
    let handlers = named("handler of topic", handlers, |def| {
        // Two functions may listen to one topic.
        let key = format!("{} {} ({})", kind(def.kind), def.topic().template(), def.name());
        Ok((key, handler(def), def.location().to_string()))
    })?;
    document.insert("handlers".to_owned(), handlers);
    let events = named("event", events, |def| {
        Ok((format!("{} ({})", def.topic().template(), def.name()), event(def), def.location().to_string()))
    })?;
    document.insert("events".to_owned(), events);
    Ok(Value::Object(document))
}

/// One entry per name; two different definitions of one name are an error.
fn named<D>(
    what: &str,
    definitions: Vec<&D>,
    entry: impl Fn(&D) -> Result<(String, Value, String), String>,
) -> Result<Value, String> {
    let mut all: BTreeMap<String, (Value, String)> = BTreeMap::new();
    for definition in definitions {
        let (name, value, location) = entry(definition)?;
        match all.get(&name) {
            Some((earlier, place)) if *earlier != value => {
                return Err(format!(
                    "the {what} `{name}` is defined at {place} and at {location}; give one another name"
                ));
            }
            _ => all.insert(name, (value, location)),
        };
    }
    Ok(all.into_iter().map(|(name, (value, _))| (name, value)).collect::<Map<_, _>>().into())
}

fn agent(def: AgentDef) -> Value {
    let mut tools: Vec<_> = def.tools().map(ToolDef::name).collect();
    tools.sort_unstable();
    let mut skills: Vec<_> = def.skills().map(SkillDef::id).collect();
    skills.sort_unstable();
    let mut handlers: Vec<_> = def.handlers().map(|handler| handler.topic().template()).collect();
    handlers.sort_unstable();
    let mut events: Vec<_> = def.events().map(|event| event.topic().template()).collect();
    events.sort_unstable();
    let mut entry = Entry::default();
    entry.add("tools", tools);
    entry.add("skills", skills);
    entry.add("handlers", handlers);
    entry.add("events", events);
    entry.add_some("card", def.card.map(card));
    entry.0.into()
}

fn card(card: &CardDef) -> Value {
    let mut entry = Entry::default();
    entry.add("id", card.id());
    entry.add("name", card.name);
    entry.add("description", card.description);
    entry.add("version", card.version);
    entry.add_some("tags", some_list(card.tags));
    entry.add_some("capabilities", some_list(card.capabilities));
    let provider = card.provider.map(|(name, url)| json!({"organization": name, "url": url}));
    entry.add_some("provider", provider);
    entry.add_some("documentation_url", card.documentation);
    entry.add_some("icon_url", card.icon);
    entry.0.into()
}

pub(super) fn tool(tool: &ToolDef) -> Result<Value, String> {
    let schemas = ToolSchemas::of(tool.args, tool.output).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        format!("{}: tool `{}`: {}", tool.location(), tool.name(), errors.join("; "))
    })?;
    let mut entry = Entry::default();
    entry.add("description", tool.description);
    entry.add_some("title", tool.title);
    entry.add_some("version", tool.version);
    entry.add_some("tags", some_list(tool.tags));
    entry.add_some("allowed_callers", tool.allow);
    entry.add_some("timeout_ms", tool.timeout.map(|timeout| timeout.as_millis() as u64));
    let hints = tool.hints;
    entry.add_some("read_only", hints.read_only);
    entry.add_some("destructive", hints.destructive);
    entry.add_some("idempotent", hints.idempotent);
    entry.add_some("open_world", hints.open_world);
    entry.add("input_schema", schemas.input);
    entry.add_some("output_schema", schemas.output);
    entry.add_some("partial_schema", schemas.partial);
    entry.add_some("content", some_list(tool.content));
    entry.add_some("errors", errors(&tool.errors()));
    entry.add("call", format!("{{namespace}}/mcp/tools/{}/call", tool.name()));
    Ok(entry.0.into())
}

fn skill(skill: &SkillDef) -> Result<Value, String> {
    let schemas = ToolSchemas::of(skill.args, skill.output).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        format!("{}: skill `{}`: {}", skill.location(), skill.id(), errors.join("; "))
    })?;
    let mut entry = Entry::default();
    entry.add("description", skill.description);
    entry.add_some("name", skill.name);
    entry.add_some("tags", some_list(skill.tags));
    entry.add_some("examples", some_list(skill.examples));
    entry.add_some("input_modes", some_list(skill.input_modes));
    entry.add_some("output_modes", some_list(skill.output_modes));
    entry.add_some("timeout_ms", skill.timeout.map(|timeout| timeout.as_millis() as u64));
    let (what, attempts) = match skill.on_crash {
        OnCrash::Retry => ("retry", Some(skill.attempts)),
        OnCrash::Fail => ("fail", None),
    };
    entry.add("on_crash", what);
    entry.add_some("attempts", attempts);
    entry.add("input_schema", schemas.input);
    entry.add_some("output_schema", schemas.output);
    entry.add_some("errors", errors(&skill.errors()));
    Ok(entry.0.into())
}

fn handler(handler: &HandlerDef) -> Value {
    let mut entry = Entry::default();
    entry.add("kind", kind(handler.kind));
    entry.add("topic", handler.topic().template());
    entry.add("filter", crate::topic::filter(handler));
    entry.add("qos", handler.qos);
    entry.add_some("description", some_text(handler.description));
    entry.add_some("payload_schema", handler.args.iter().find_map(payload));
    if handler.kind == HandlerKind::Request {
        entry.add_some("reply_schema", described(handler.output));
        entry.add_some("errors", errors(&handler.errors.list()));
    }
    entry.0.into()
}

fn payload(arg: &ArgDef) -> Option<Value> {
    match arg.need {
        Need::Argument { schema, .. } => Some(accepted(schema)),
        _ => None,
    }
}

fn event(event: &EventDef) -> Value {
    let mut entry = Entry::default();
    entry.add("topic", event.topic().template());
    entry.add("qos", event.qos);
    entry.add("retain", event.retain);
    entry.add_some("description", some_text(event.description));
    entry.add_some("payload_schema", event.payload.and_then(described));
    entry.0.into()
}

/// Sorted by code; `None` if there are no codes.
fn errors(codes: &[ErrorCode]) -> Option<Value> {
    let described = codes.iter().map(|code| {
        let mut entry = Entry::default();
        entry.add_some("message", code.message);
        entry.add_some("description", some_text(code.description));
        entry.add_some("internal", code.internal.then_some(true));
        entry.add_some("retry_after", code.retry.then_some(true));
        (code.code, Value::from(entry.0))
    });
    let by_code: BTreeMap<_, _> = described.collect();
    (!by_code.is_empty()).then(|| json!(by_code))
}

fn kind(kind: HandlerKind) -> &'static str {
    match kind {
        HandlerKind::On => "on",
        HandlerKind::Request => "request",
    }
}

fn some_text(text: &'static str) -> Option<&'static str> {
    (!text.is_empty()).then_some(text)
}

fn some_list(list: &'static [&'static str]) -> Option<&'static [&'static str]> {
    (!list.is_empty()).then_some(list)
}

/// An object that omits absent values.
#[derive(Default)]
struct Entry(Map<String, Value>);

impl Entry {
    fn add(&mut self, name: &str, value: impl serde::Serialize) {
        self.0.insert(name.to_owned(), json!(value));
    }

    fn add_some(&mut self, name: &str, value: Option<impl serde::Serialize>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}
