//! `mqtt-agent show`: shows a tool or an agent.

use clap::ArgMatches;
use mqtt_agent::Client;
use mqtt_agent::wire::{AgentCard, Status, ToolCard};
use serde_json::json;

use crate::arguments::help;
use crate::call;
use crate::exit::Failure;
use crate::names::{self, Wanted};
use crate::output::{columns, pretty};
use crate::property;
use crate::request::{self, OWN};
use crate::settings::Settings;
use crate::told::told;

/// From how many bytes on skills are shown without arguments and examples.
const LONG: usize = 1 << 20;

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let name = matches.get_one::<String>("name").cloned().unwrap_or_default();
    let looking = async |client: &Client| {
        // Both at once: what is not there takes a second to be missed.
        let (tool, agent) = tokio::join!(client.tool(&name), client.agent(&name));
        // One that may not be seen is no reason to hide the other.
        match (tool, agent) {
            (Err(error), Ok(None) | Err(_)) | (Ok(None), Err(error)) => Err(error.into()),
            (Ok(None), Ok(None)) => Err(names::unknown(client, &name, Wanted::ToolOrAgent).await),
            (tool, agent) => Ok((tool.ok().flatten(), agent.ok().flatten())),
        }
    };
    let (tool, agent) = settings.connected(looking).await?;
    let mut json = json!({});
    if let (Some(card), Some(json)) = (&tool, json.as_object_mut()) {
        json.insert("tool".to_owned(), json!(card));
        json.insert("example".to_owned(), json!(call::example(card)));
    }
    if let (Some(card), Some(json)) = (&agent, json.as_object_mut()) {
        json.insert("agent".to_owned(), json!(card));
    }
    settings.output().answer(&json, || {
        let parts = [tool.as_ref().map(of_tool), agent.as_ref().map(of_agent)];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    })
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Online => "online",
        _ => "offline",
    }
}

fn of_tool(card: &ToolCard) -> String {
    let title = card.title.as_deref().map(|title| format!(" ({title})")).unwrap_or_default();
    let mut text = format!("tool {}{title}, {}, served by {}", card.tool, status(card.status), card.server);
    let description = card.description.trim();
    if !description.is_empty() {
        text.push_str(&format!("\n\n{description}"));
    }
    if let Some(callers) = &card.allowed_callers {
        text.push_str(&format!("\n\ncallers: {}", callers.join(", ")));
    }
    text.push_str(&format!("\n\nexample:\n  {}", call::example(card)));
    text.push_str(&format!("\n\narguments:\n{}", pretty(&card.input_schema)));
    if let Some(schema) = &card.output_schema {
        text.push_str(&format!("\n\nresult:\n{}", pretty(schema)));
    }
    text
}

fn of_agent(card: &AgentCard) -> String {
    let mut text = format!("agent {}, {}", card.agent_id, status(card.status));
    let description = card.description.trim();
    if !description.is_empty() {
        text.push_str(&format!("\n\n{description}"));
    }
    for skill in &card.skills {
        text.push_str(&format!("\n\nskill {}: {}", told(&skill.id), skill.description.trim()));
        for example in &skill.examples {
            text.push_str(&format!("\n  \"{example}\""));
        }
        // A card with a great many skills would make a text without end.
        if text.len() < LONG {
            text.push_str(&arguments(card, &skill.id));
            text.push_str(&format!("\n  example: {}", request::example(card, skill)));
        }
    }
    text
}

/// What a skill takes, a line for each argument.
fn arguments(card: &AgentCard, skill: &str) -> String {
    let Some(schema) = card.input_schema(skill) else { return String::new() };
    let properties = property::of(schema, &OWN);
    let rows = properties
        .iter()
        .map(|property| (format!("--{} <{}>", property.long, property.kind.value_name()), help(property)));
    columns(&rows.collect::<Vec<_>>()).lines().map(|line| format!("\n    {line}")).collect()
}
