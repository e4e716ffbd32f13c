//! What a program publishes, kept in a file that a test compares with it.
//!
//! ```sh
//! cargo run --example contract                       # serves the tool on an embedded broker and calls it
//! cargo test --example contract                      # compares with examples/contract.json
//! UPDATE_CONTRACT=1 cargo test --example contract    # accepts what is there now
//! ```
//!
//! What to learn here: `contract!` makes a test that fails with a readable difference when a name, a description, a
//! schema, a topic or an error changes; the file is what others generate their clients from, so it belongs under version
//! control. Change `range` below and run the test.

use mqtt_agent::broker::Broker;
use mqtt_agent::prelude::*;

#[derive(Debug, ToolError)]
enum ConversionError {
    /// Hotter than anything that was ever measured.
    #[tool_error("{0} degrees are hotter than the sun's core; give less")]
    TooHot(f64),
}

/// Converts degrees Celsius to Fahrenheit.
#[tool(read_only, version = "1.0.0")]
fn fahrenheit(
    /// Not below absolute zero.
    #[arg(range = -273.15..)]
    celsius: f64,
) -> Result<f64, ConversionError> {
    if celsius > 15e6 {
        return Err(ConversionError::TooHot(celsius));
    }
    Ok(celsius * 1.8 + 32.0)
}

/// A station has measured.
#[event("station/{id}/celsius", retain)]
fn measured(id: u32, celsius: f64);

mqtt_agent::contract!("contract.json");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::start().await?;
    let url = std::env::args().nth(1).unwrap_or_else(|| broker.url());
    let agent = Agent::new("converter").start(&url).await?;

    let client = agent.client();
    let fahrenheit: f64 = client.call("fahrenheit", json!({"celsius": 21.5})).returning().await?;
    println!("21.5 degrees Celsius are {fahrenheit} degrees Fahrenheit");
    measured(21.5).id(7).publish(&client).await?;
    println!("published to station/7/celsius");

    agent.stop().await;
    Ok(())
}
