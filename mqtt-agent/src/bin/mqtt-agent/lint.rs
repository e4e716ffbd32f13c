//! `mqtt-agent lint`: checks the tools on the broker against the rules of clients and model providers.

use clap::ArgMatches;
use mqtt_agent::Client;
use mqtt_agent::schema::dialect::{Dialect, Finding, Severity, lint_tool};
use mqtt_agent::wire::ToolCard;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::names::{self, Wanted};
use crate::output::counted;
use crate::settings::Settings;

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let name = matches.get_one::<String>("name");
    let dialects = dialects(matches.get_one::<String>("dialect").map_or("mcp", String::as_str));
    let looking = async |client: &Client| {
        let Some(name) = name else {
            let found = client.tools().partial().await?;
            let shortfall = found.shortfall();
            return Ok((found.into_vec(), shortfall));
        };
        match client.tool(name).await? {
            Some(card) => Ok((vec![card], None)),
            None => Err(names::unknown(client, name, Wanted::Tool).await),
        }
    };
    let (cards, shortfall) = settings.connected(looking).await?;

    let output = settings.output();
    let mut errors = 0_usize;
    for card in &cards {
        for finding in dialects.iter().flat_map(|dialect| lint_tool(card, *dialect)) {
            errors += usize::from(finding.severity() == Severity::Error);
            output.answer(&of(card, &finding), || {
                format!("{}: {} {finding}", word(finding.severity()), card.tool)
            })?;
        }
    }
    output.note(&format!("looked at {}, found {}", counted(cards.len(), "tool"), counted(errors, "error")));
    if let Some(cause) = shortfall {
        return Err(Failure::failed(format!("these are not all tools: {cause}")));
    }
    if errors > 0 {
        return Err(Failure::failed(format!(
            "found {}; each line says what to change",
            counted(errors, "error")
        )));
    }
    Ok(())
}

fn of(card: &ToolCard, finding: &Finding) -> Value {
    json!({
        "tool": card.tool,
        "severity": word(finding.severity()),
        "dialect": finding.dialect().to_string(),
        "rule": finding.rule(),
        "pointer": finding.pointer(),
        "why": finding.why(),
        "change": finding.change(),
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        _ => "warning",
    }
}

/// The names of the dialects on the command line.
pub(crate) const NAMES: [&str; 5] = ["mcp", "openai", "anthropic", "gemini", "all"];

fn dialects(name: &str) -> Vec<Dialect> {
    match name {
        "openai" => vec![Dialect::OpenAiStrict],
        "anthropic" => vec![Dialect::Anthropic],
        "gemini" => vec![Dialect::Gemini],
        "all" => Dialect::ALL.to_vec(),
        _ => vec![Dialect::Mcp],
    }
}
