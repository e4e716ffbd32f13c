//! What a name may mean that nothing of the wanted kind has: another kind, or a name that is like it.

use std::time::Duration;

use mqtt_agent::wire::{AgentCard, ServerCard};
use mqtt_agent::{Client, Listing};

use crate::example::quoted;
use crate::exit::{Exit, Failure};
use crate::near::near;
use crate::told::{named, some_named, told};

/// How long cards are collected for a suggestion.
const WINDOW: Duration = Duration::from_millis(500);

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Tool,
    Agent,
    /// What `show` shows.
    ToolOrAgent,
}

/// What is online.
struct Online {
    tools: Vec<String>,
    agents: Vec<AgentCard>,
    servers: Vec<ServerCard>,
}

/// Says that there is no tool or agent of this name, what it may mean, and what to write.
pub(crate) async fn unknown(client: &Client, name: &str, wanted: Wanted) -> Failure {
    let (tools, agents, servers) = tokio::join!(
        client.tools().window(WINDOW).partial(),
        client.agents().window(WINDOW).partial(),
        client.servers().window(WINDOW).partial(),
    );
    // What may not be seen is not suggested.
    let online = Online {
        tools: tools.map(Listing::into_vec).unwrap_or_default().into_iter().map(|card| card.tool).collect(),
        agents: agents.map(Listing::into_vec).unwrap_or_default(),
        servers: servers.map(Listing::into_vec).unwrap_or_default(),
    };
    Failure::new(Exit::Nobody, online.said(name, wanted))
}

impl Online {
    fn said(&self, name: &str, wanted: Wanted) -> String {
        if let Some(said) = self.of_another_kind(name, wanted) {
            return said;
        }
        let what = match wanted {
            Wanted::Tool => "no tool is",
            Wanted::Agent => "no agent is",
            Wanted::ToolOrAgent => "no tool and no agent is",
        };
        let list = match wanted {
            Wanted::Tool => "`mqtt-agent tools` lists",
            Wanted::Agent => "`mqtt-agent agents` lists",
            Wanted::ToolOrAgent => "`mqtt-agent tools` and `mqtt-agent agents` list",
        };
        match self.near(name, wanted) {
            Some(close) => format!("{what} called `{name}`; did you mean {close}?"),
            None => format!("{what} called `{name}`; {list} those that are online"),
        }
    }

    /// It is the name of something else.
    fn of_another_kind(&self, name: &str, wanted: Wanted) -> Option<String> {
        let word = quoted(name);
        if wanted == Wanted::Agent && self.tools.iter().any(|tool| tool == name) {
            return Some(format!(
                "`{name}` is a tool and not an agent; `mqtt-agent call {word} --help` says how to call it"
            ));
        }
        if wanted == Wanted::Tool && self.agents.iter().any(|agent| agent.agent_id == name) {
            return Some(format!(
                "`{name}` is an agent and not a tool; `mqtt-agent ask {word} --help` says how to give it a task"
            ));
        }
        if let Some(agent) = self.agents.iter().find(|agent| agent.skill(name).is_some()) {
            let (id, of) = (named(&agent.agent_id), told(&quoted(&agent.agent_id)));
            return Some(match wanted {
                Wanted::ToolOrAgent => {
                    format!("`{name}` is a skill of the agent `{id}`; write `mqtt-agent show {of}`")
                }
                _ if agent.skills.len() == 1 => {
                    format!("`{name}` is a skill of the agent `{id}`; write `mqtt-agent ask {of}`")
                }
                _ => format!(
                    "`{name}` is a skill of the agent `{id}`; write `mqtt-agent ask {of} --skill {word}`"
                ),
            });
        }
        let server = self.servers.iter().find(|server| server.server == name)?;
        let what = if wanted == Wanted::Agent { ", which takes no tasks" } else { "" };
        let verb = if wanted == Wanted::ToolOrAgent { "look at" } else { "call" };
        Some(if server.tools.is_empty() {
            format!("`{name}` is a server without tools{what}; `mqtt-agent servers` lists them all")
        } else {
            let tools = some_named(server.tools.iter().map(String::as_str));
            format!("`{name}` is a server of tools{what}; {verb} one of its tools: {tools}")
        })
    }

    /// A name that is like it, of the wanted kind or else of another one, with what it is.
    fn near(&self, name: &str, wanted: Wanted) -> Option<String> {
        let tool =
            || near(name, self.tools.iter().map(String::as_str)).map(|tool| format!("`{}`", named(tool)));
        let agents = || self.agents.iter().map(|agent| agent.agent_id.as_str());
        let agent = || near(name, agents()).map(|agent| format!("`{}`", named(agent)));
        let skill = || {
            let skills = self.agents.iter().flat_map(|agent| &agent.skills);
            let close = near(name, skills.map(|skill| skill.id.as_str()))?;
            let agent = self.agents.iter().find(|agent| agent.skill(close).is_some())?;
            Some(format!("the skill `{}` of the agent `{}`", named(close), named(&agent.agent_id)))
        };
        let of_kind = |kind: &str, close: Option<String>| close.map(|close| format!("the {kind} {close}"));
        match wanted {
            Wanted::Tool => tool().or_else(skill).or_else(|| of_kind("agent", agent())),
            Wanted::Agent => agent().or_else(skill).or_else(|| of_kind("tool", tool())),
            Wanted::ToolOrAgent => tool().or_else(agent).or_else(skill),
        }
    }
}
