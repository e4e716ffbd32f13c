//! `mqtt-agent watch`: who comes and goes.

use mqtt_agent::a2a::AgentChange;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::settings::Settings;
use crate::signals;

pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    let client = settings.connect().await?;
    let mut changes = client.agents().watch().await?;
    let told = async {
        while let Some(change) = changes.next().await {
            let (json, text) = match change {
                AgentChange::Joined(card) => (
                    json!({"event": "joined", "agent": card.agent_id, "card": card}),
                    format!("joined   {}", card.agent_id),
                ),
                AgentChange::Changed(card) => (
                    json!({"event": "changed", "agent": card.agent_id, "card": card}),
                    format!("changed  {}", card.agent_id),
                ),
                AgentChange::Left(agent) => {
                    (json!({"event": "left", "agent": agent}), format!("left     {agent}"))
                }
                _ => continue,
            };
            output.answer(&json, || text)?;
        }
        Err(Failure::new(Exit::NoBroker, "the connection was closed"))
    };
    // Being told to stop is how it ends.
    let ended = tokio::select! {
        ended = told => ended,
        () = signals::asked_to_end() => Ok(()),
    };
    client.close().await;
    ended
}
