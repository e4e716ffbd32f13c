//! `mqtt-agent show`: shows a tool or an agent.

use clap::ArgMatches;
use mqtt_agent::wire::{AgentCard, Status, ToolCard};
use serde_json::json;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::pretty;
use crate::settings::Settings;

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let name = matches.get_one::<String>("name").cloned().unwrap_or_default();
    let client = settings.connect().await?;
    // Both at once: what is not there takes a second to be missed.
    let (tool, agent) = tokio::join!(client.tool(&name), client.agent(&name));
    client.close().await;
    // One that may not be seen is no reason to hide the other.
    let (tool, agent) = match (tool, agent) {
        (Err(error), Ok(None) | Err(_)) | (Ok(None), Err(error)) => return Err(error.into()),
        (tool, agent) => (tool.ok().flatten(), agent.ok().flatten()),
    };
    if tool.is_none() && agent.is_none() {
        let message =
            format!("no tool and no agent is called `{name}`; `mqtt-agent tools` and `agents` list them");
        return Err(Failure::new(Exit::Nobody, message));
    }
    let mut json = json!({});
    if let (Some(card), Some(json)) = (&tool, json.as_object_mut()) {
        json.insert("tool".to_owned(), json!(card));
        json.insert("example".to_owned(), json!(arguments::example(card, &arguments::of(card))));
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
    let properties = arguments::of(card);
    let title = card.title.as_deref().map(|title| format!(" ({title})")).unwrap_or_default();
    let mut text = format!("tool {}{title}, {}, served by {}", card.tool, status(card.status), card.server);
    let description = card.description.trim();
    if !description.is_empty() {
        text.push_str(&format!("\n\n{description}"));
    }
    if let Some(callers) = &card.allowed_callers {
        text.push_str(&format!("\n\ncallers: {}", callers.join(", ")));
    }
    text.push_str(&format!("\n\nexample:\n  {}", arguments::example(card, &properties)));
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
        text.push_str(&format!("\n\nskill {}: {}", skill.id, skill.description.trim()));
        for example in &skill.examples {
            text.push_str(&format!("\n  \"{example}\""));
        }
    }
    text
}
