//! The main job in one file: two tools are served, found and called over MQTT 5.
//!
//! Starts an embedded broker, so nothing else has to be installed:
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! You learn: `#[tool]`, serving with `Agent`, finding and calling with `Client`, partial results, and what a refused
//! argument looks like.

use std::error::Error;
use std::time::Duration;

use mqtt_agent::broker::Broker;
use mqtt_agent::prelude::*;

/// Weather at one place.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Report {
    city: String,
    celsius: f32,
}

/// Current weather for a city.
#[tool(read_only)]
async fn weather(
    /// City name, in English.
    city: String,
    /// Days ahead; today when left out.
    #[arg(range = 0..=7)]
    days: Option<u8>,
) -> Result<Report, String> {
    match city.as_str() {
        "Atlantis" => Err("no weather station in `Atlantis`; ask for a city on land".to_owned()),
        _ => Ok(Report { city, celsius: 21.5 - f32::from(days.unwrap_or(0)) }),
    }
}

/// Counts down, and reports each step.
#[tool]
async fn countdown(
    /// Where to start.
    #[arg(range = 1..=10)]
    from: u32,
    steps: Partials<u32>,
) -> Result<String, String> {
    for step in (1..=from).rev() {
        steps.send(&step).await.map_err(|error| error.to_string())?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok("lift-off".to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::start().await?;
    println!("an embedded broker listens on {}", broker.url());

    let agent = Agent::new("demo").start(&broker.url()).await?;
    println!("agent `demo` serves `weather` and `countdown`\n");

    // A second agent, with a connection of its own; on another host it would look the same.
    let scout = Client::connect(&broker.url()).await?;
    println!("scout finds:");
    for card in scout.tools().await? {
        println!("  {:10} {} (served by `{}`)", card.tool, card.description, card.server);
    }

    println!("\nscout calls `weather` with {{\"city\": \"Oslo\", \"days\": 2}}:");
    let report: Report = scout.call("weather", json!({"city": "Oslo", "days": 2})).returning().await?;
    println!("  {} has {} degrees", report.city, report.celsius);

    println!("\nscout calls `countdown` with {{\"from\": 3}} and streams it:");
    let mut countdown = scout.call("countdown", json!({"from": 3})).stream().await?;
    while let Some(step) = countdown.next().await {
        println!("  {step}");
    }
    println!("  {}", countdown.finish().await?);

    println!("\nscout calls `weather` with {{\"town\": \"Oslo\", \"days\": 9}}:");
    match scout.call("weather", json!({"town": "Oslo", "days": 9})).await {
        Ok(result) => println!("  {result}"),
        Err(error) => println!("  {error}"),
    }

    println!("\nscout calls `weather` with {{\"city\": \"Atlantis\"}}:");
    match scout.call("weather", json!({"city": "Atlantis"})).await {
        Ok(result) => println!("  {result}"),
        Err(error) => println!("  {error}"),
    }

    scout.close().await;
    agent.stop().await;
    broker.stop().await;
    println!("\nall stopped cleanly");
    Ok(())
}
