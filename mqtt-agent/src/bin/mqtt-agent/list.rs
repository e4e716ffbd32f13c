//! `mqtt-agent tools`, `agents` and `servers`: list what is online.

use mqtt_agent::Listing;
use serde::Serialize;
use serde_json::json;

use crate::exit::Failure;
use crate::output::columns;
use crate::settings::Settings;

pub(crate) async fn tools(settings: &Settings) -> Result<(), Failure> {
    let found = settings.connected(async |client| Ok(client.tools().partial().await?)).await?;
    print(settings, "tools", &found, |card| (card.tool.clone(), card.description.clone()))
}

pub(crate) async fn agents(settings: &Settings) -> Result<(), Failure> {
    let found = settings.connected(async |client| Ok(client.agents().partial().await?)).await?;
    print(settings, "agents", &found, |card| {
        let skills: Vec<&str> = card.skills.iter().map(|skill| skill.id.as_str()).collect();
        let skills = if skills.is_empty() { String::new() } else { format!("[{}] ", skills.join(", ")) };
        (card.agent_id.clone(), format!("{skills}{}", card.description))
    })
}

pub(crate) async fn servers(settings: &Settings) -> Result<(), Failure> {
    let found = settings.connected(async |client| Ok(client.servers().partial().await?)).await?;
    print(settings, "servers", &found, |card| (card.server.clone(), card.tools.join(", ")))
}

fn print<C: Serialize>(
    settings: &Settings,
    what: &str,
    found: &Listing<C>,
    row: impl Fn(&C) -> (String, String),
) -> Result<(), Failure> {
    let output = settings.output();
    let cards: Vec<&C> = found.iter().collect();
    let json = json!({ what: cards, "complete": found.is_complete() });
    if cards.is_empty() {
        output.note(&format!("no {what} are online"));
    }
    if settings.json || !cards.is_empty() {
        output.answer(&json, || columns(&found.iter().map(row).collect::<Vec<_>>()))?;
    }
    match found.shortfall() {
        None => Ok(()),
        Some(cause) => Err(Failure::failed(format!("these are not all {what}: {cause}"))),
    }
}
