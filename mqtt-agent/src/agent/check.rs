//! The checks before connecting. All problems are reported together.

pub(super) mod size;
mod skill;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::a2a::{Presence, ReadySkill};
use crate::client::ConnectOptions;
use crate::deadline::Lasting;
use crate::error::Problem;
use crate::handler::context::States;
use crate::handler::layer::AgentLayers;
use crate::handler::param::Need;
use crate::handler::registry::{
    ArgDef, CardDef, HandlerDef, HandlerKind, Location, Package, SkillDef, ToolDef,
};
use crate::link::filter_is_valid;
use crate::mcp::{Cards, DynamicTool, ReadyTool, ServedTool, tool_card};
use crate::schema::ToolSchemas;
use crate::schema::dialect::{self, Dialect};
use crate::shown::quoting;
use crate::wire::{Identifier, Namespace, ToolCard};

/// The session expiry of an agent that keeps tasks.
const LONG: Duration = Duration::from_secs(3600);

/// The session expiry of an agent with tools, whose calls other replicas can answer.
const SHORT: Duration = Duration::from_secs(15);

/// A checked agent.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) id: Identifier,
    pub(super) namespace: Namespace,
    pub(super) tools: Vec<ReadyTool>,
    /// Whether there are tools, or may be later.
    pub(super) serves_tools: bool,
    pub(super) handlers: Vec<&'static HandlerDef>,
    pub(super) cards: Cards,
    /// The id without the instance.
    pub(super) agent: String,
    /// Whether there is an instance.
    pub(super) replica: bool,
    pub(super) skills: Vec<ReadySkill>,
    /// Present if the agent has skills.
    pub(super) presence: Option<Presence>,
    /// What each package contributes; empty if the agent has lists.
    pub(super) packages: Vec<Package>,
    /// Whether the tasks are in a store that outlives the process.
    durable: bool,
    /// What stands around handlers.
    pub(super) layers: AgentLayers,
}

/// The input of the checks.
pub(super) struct Given<'g> {
    pub(super) id: &'g str,
    /// Where the program gives the id; not if it is from the options.
    pub(super) id_at: Option<Location>,
    pub(super) instance: Option<&'g str>,
    pub(super) namespace: Option<&'g str>,
    pub(super) tools: Vec<&'static ToolDef>,
    pub(super) dynamic: &'g [DynamicTool],
    /// Whether tools may be added later.
    pub(super) open_to_tools: bool,
    pub(super) handlers: Vec<&'static HandlerDef>,
    pub(super) skills: Vec<&'static SkillDef>,
    pub(super) packages: Vec<Package>,
    pub(super) cards: &'g [&'static CardDef],
    pub(super) states: &'g States,
    pub(super) reply_topics: &'g [String],
    pub(super) dialects: &'g [Dialect],
    pub(super) layers: AgentLayers,
}

impl Checked {
    pub(super) fn new(given: Given<'_>) -> Result<Self, Vec<Problem>> {
        let Given {
            id: agent,
            id_at,
            instance,
            namespace,
            mut tools,
            dynamic,
            open_to_tools,
            handlers,
            mut skills,
            packages,
            cards,
            states,
            reply_topics,
            dialects,
            layers,
        } = given;
        tools.sort_by_key(|tool| tool.name());
        skills.sort_by_key(|skill| skill.id());
        let mut problems = Vec::new();
        let full_id = instance.map_or_else(|| agent.to_owned(), |instance| format!("{agent}-{instance}"));
        let id = Identifier::portable(&full_id)
            .map_err(|error| {
                let message = format!("the agent's id: {error}");
                problems.push(match id_at {
                    Some(location) => Problem::at(location, message),
                    None => Problem::new(message),
                });
            })
            .ok();
        let namespace = namespace.map_or_else(|| Ok(Namespace::default()), Namespace::parse);
        let namespace = namespace.map_err(|error| problems.push(Problem::new(error.to_string()))).ok();

        duplicates(&tools, &mut problems);
        let mut ready = Vec::with_capacity(tools.len());
        let mut tool_cards: Vec<ToolCard> = Vec::with_capacity(tools.len());
        for tool in tools {
            missing_states(tool.args, states, |message| problems.push(about(tool, message)));
            match ToolSchemas::of(tool.args, tool.output) {
                Ok(schemas) => {
                    refused(tool, &schemas, dialects, &mut problems);
                    if let (Some(id), Some(namespace)) = (&id, &namespace) {
                        tool_cards.push(tool_card(tool, &schemas, namespace, id));
                    }
                    let layers = layers.of(tool.layers);
                    let arguments = Arc::new(schemas.validator);
                    ready.push(ReadyTool { tool: tool.into(), arguments, layers });
                }
                Err(errors) => {
                    problems.extend(errors.iter().map(|error| about(tool, &error.to_string())));
                }
            }
        }
        for tool in dynamic {
            dynamic_tool(tool, dialects, &mut problems);
            if let Some(earlier) = ready.iter().find(|ready| ready.tool.name == tool.name()) {
                let earlier = earlier.tool.location();
                let message = format!("is also defined at {earlier}; give one of them another name");
                problems.push(about_dynamic(tool, &message));
            }
            if let (Some(id), Some(namespace)) = (&id, &namespace) {
                tool_cards.push(tool.card(namespace, id.as_str()));
            }
            ready.push(tool.ready(&layers));
        }
        ready.sort_by_key(|ready| ready.tool.name);
        tool_cards.sort_by(|a, b| a.tool.cmp(&b.tool));
        topics(&handlers, states, &mut problems);
        for filter in reply_topics {
            let is_shared = filter.starts_with('$').then_some("begins with `$`");
            if let Some(reason) = is_shared.or_else(|| filter_is_valid(filter).err()) {
                problems.push(Problem::new(format!(
                    "`.reply_topics(..)`: `{filter}` {reason}; write a filter such as `answers/+`"
                )));
            }
        }
        let skills = skill::ready(&skills, states, &layers, &mut problems);
        let card = skill::card(cards, &mut problems);
        match (id, namespace) {
            (Some(id), Some(namespace)) if problems.is_empty() => {
                let presence = (!skills.is_empty()).then(|| {
                    let card = skill::agent_card(card, &skills, &namespace, &id, agent);
                    Presence::new(namespace.clone(), card)
                });
                let tool_cards = Cards::new(namespace.clone(), &id, tool_cards, presence.is_some());
                let (agent, replica) = (agent.to_owned(), instance.is_some());
                Ok(Self {
                    id,
                    namespace,
                    serves_tools: open_to_tools || !ready.is_empty(),
                    tools: ready,
                    handlers,
                    cards: tool_cards,
                    agent,
                    replica,
                    skills,
                    presence,
                    packages,
                    durable: false,
                    layers,
                })
            }
            _ => Err(problems),
        }
    }

    /// How long the broker keeps the session: the option, or else the default of `SUB-8`.
    pub(super) fn session_expiry(&self, connect: &ConnectOptions) -> Duration {
        session_expiry(self.presence.is_some(), self.serves_tools, self.durable, connect)
    }

    /// Warns about the effect of a long session expiry on tools with replicas (`SUB-8a`).
    pub(super) fn warn_of_long_session(&self, session_expiry: Duration) {
        if self.presence.is_some() && self.serves_tools && session_expiry > SHORT {
            let (session_expiry, usual) = (Lasting(session_expiry), Lasting(SHORT));
            crate::log::warn!(
                agent = %self.id,
                "after a crash some brokers keep giving this agent its share of the calls for {session_expiry}, though other \
                 replicas could answer them; serve its tools by an agent of their own, or set a `session_expiry` of {usual}"
            );
        }
    }

    /// Warns that the agent serves nothing, which is rarely intended where nothing can be added.
    pub(super) fn warn_of_nothing(&self) {
        if !self.serves_tools && self.skills.is_empty() && self.handlers.is_empty() {
            let advice = "write `#[tool]`, `#[skill]`, `#[on]` or `#[request]` above a function; to serve those of another crate, \
                          or of your package's `lib.rs`, refer to it in `main.rs` (`use my_lib as _;`), for the linker leaves \
                          out a crate that nothing refers to";
            crate::log::warn!(agent = %self.id, advice = %quoting(advice), "failed to find anything to serve");
            crate::log::note(&format!("agent `{}` has nothing to serve; {advice}", self.id));
        }
    }

    /// Completes the cards, and checks their sizes.
    pub(super) fn publish(
        &mut self,
        replicas: bool,
        durable: bool,
        connect: &ConnectOptions,
    ) -> Result<(), Vec<Problem>> {
        self.durable = durable;
        let mut problems = Vec::new();
        if !replicas {
            self.cards.without_replicas();
        }
        let limit = connect.max_packet_size;
        self.cards.accept(limit);
        if let Some(presence) = &mut self.presence {
            presence.accept(limit);
        }
        size::check(self, limit, &mut problems);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// Checks the agent's settings against each other and against what it serves.
pub(super) fn settings(
    given: &Given<'_>,
    expected: Option<usize>,
    replicas: bool,
    durable: bool,
    connect: &ConnectOptions,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let skills = !given.skills.is_empty();
    let tools = given.tools.iter().map(|tool| tool.name());
    let tools: Vec<_> = tools.chain(given.dynamic.iter().map(DynamicTool::name)).collect();
    let serves_tools = given.open_to_tools || !tools.is_empty();
    if let Some(expected) = expected.filter(|&expected| expected != tools.len()) {
        let mut names = tools;
        names.sort_unstable();
        let plural = if expected == 1 { " is" } else { "s are" };
        problems.push(Problem::new(format!(
            "{expected} tool{plural} expected and {} are there ({}); a crate that nothing refers to is left out by the \
             linker: name its tools with `.tools(tools![..])`",
            names.len(),
            if names.is_empty() { "none".to_owned() } else { names.join(", ") },
        )));
    }
    if !replicas && given.instance.is_some() {
        problems.push(Problem::new(
            "`.instance(..)` names one of several replicas, and `.without_replicas()` says that there are none; leave \
             one of them out",
        ));
    }
    let session_expiry = session_expiry(skills, serves_tools, durable, connect);
    if (skills || serves_tools) && connect.will_delay >= session_expiry {
        problems.push(Problem::new(format!(
            "the will delay of {} is not below the session expiry of {}; make it shorter (SUB-9)",
            Lasting(connect.will_delay),
            Lasting(session_expiry),
        )));
    }
    problems
}

/// The expected crates that contribute nothing.
pub(super) fn left_out(packages: &[Package], expected: &[&str]) -> Vec<Problem> {
    let is_there = |name: &str| packages.iter().any(|package| package.name == Some(name));
    let missing = expected.iter().filter(|name| !is_there(name));
    missing
        .map(|name| {
            Problem::new(format!(
                "nothing of the crate `{name}` is in this program, for the linker leaves out a crate that nothing refers to; \
                 name its tools with `.tools(tools![..])`, or call a function of it"
            ))
        })
        .collect()
}

/// How long the broker keeps a session: the option, or else the default of `SUB-8`.
fn session_expiry(has_skills: bool, has_tools: bool, durable: bool, connect: &ConnectOptions) -> Duration {
    let keeps_tasks = has_skills && (!has_tools || durable);
    connect.session_expiry.unwrap_or(if keeps_tasks { LONG } else { SHORT })
}

fn about(tool: &ToolDef, message: &str) -> Problem {
    Problem::at(tool.location(), format!("tool `{}`: {message}", tool.name()))
}

fn about_served(tool: &ServedTool, message: &str) -> Problem {
    Problem::at(tool.location(), format!("tool `{}`: {message}", tool.name))
}

fn about_dynamic(tool: &DynamicTool, message: &str) -> Problem {
    Problem::at(tool.location(), format!("tool `{}`: {message}", tool.name()))
}

/// What no client, or no client of a provider that was asked for, would take of a tool that was made at run time.
pub(super) fn dynamic_tool(tool: &DynamicTool, dialects: &[Dialect], problems: &mut Vec<Problem>) {
    for dialect in dialects {
        let refusals = dialect::refusals(tool.name(), tool.input(), tool.result(), *dialect);
        problems.extend(refusals.iter().map(|refusal| about_dynamic(tool, &refusal.to_string())));
    }
}

fn duplicates(tools: &[&'static ToolDef], problems: &mut Vec<Problem>) {
    let mut first: HashMap<&str, &ToolDef> = HashMap::with_capacity(tools.len());
    for &tool in tools {
        if let Some(earlier) = first.insert(tool.name(), tool) {
            problems.push(Problem::at(
                tool.location(),
                format!(
                    "tool `{}` is also defined at {}; give one of them another `name`",
                    tool.name(),
                    earlier.location()
                ),
            ));
        }
    }
}

/// Reports what MCP clients, or the requested providers, refuse.
fn refused(tool: &ToolDef, schemas: &ToolSchemas, dialects: &[Dialect], problems: &mut Vec<Problem>) {
    for dialect in dialects {
        let refusals = dialect::refusals(tool.name(), &schemas.input, schemas.output.as_ref(), *dialect);
        problems.extend(refusals.iter().map(|refusal| about(tool, &refusal.to_string())));
    }
}

fn missing_states(args: &[ArgDef], states: &States, mut missing: impl FnMut(&str)) {
    for arg in args {
        if let Need::State { type_id, type_name } = arg.need
            && !states.has(type_id())
        {
            let type_name = type_name();
            missing(&format!("takes `State<{type_name}>`, which the agent lacks; give it with `.state(..)`"));
        }
    }
}

fn topics(handlers: &[&'static HandlerDef], states: &States, problems: &mut Vec<Problem>) {
    for &handler in handlers {
        let about = |message: &str| {
            let topic = handler.topic().template();
            Problem::at(
                handler.location(),
                format!("the handler `{}` of `{topic}`: {message}", handler.name()),
            )
        };
        missing_states(handler.args, states, |message| problems.push(about(message)));
    }
    // Two answers to one request: the requester would take whichever comes first.
    let requests: Vec<_> = handlers.iter().filter(|handler| handler.kind == HandlerKind::Request).collect();
    for (index, handler) in requests.iter().enumerate() {
        let overlaps = |other: &&&&HandlerDef| overlap(handler.topic().filter(), other.topic().filter());
        if let Some(earlier) = requests.iter().take(index).find(overlaps) {
            let message = format!(
                "requests on `{}` are also answered by `{}` ({} at {}); give one of them another topic",
                handler.topic().template(),
                earlier.name(),
                earlier.topic().template(),
                earlier.location(),
            );
            problems.push(Problem::at(handler.location(), message));
        }
    }
}

/// Whether there is a topic that both filters match.
fn overlap(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split('/'), b.split('/'));
    loop {
        match (a.next(), b.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some("+"), Some(_)) | (Some(_), Some("+")) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn filters_overlap_where_one_topic_matches_both() {
        for (a, b) in
            [("a/+", "a/b"), ("a/#", "a"), ("#", "x/y"), ("+/b", "a/+"), ("a/b", "a/b"), ("a/+/c", "a/b/#")]
        {
            assert!(overlap(a, b) && overlap(b, a), "{a} {b}");
        }
        for (a, b) in [("a", "b"), ("a/+", "a"), ("a/+", "a/b/c"), ("a/b", "a/c"), ("+/b", "a/c")] {
            assert!(!overlap(a, b) && !overlap(b, a), "{a} {b}");
        }
    }
}
