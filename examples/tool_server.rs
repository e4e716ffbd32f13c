//! Serves three small tools on a broker of your own, until Ctrl-C.
//!
//! ```text
//! cargo run --example tool_server mqtt://localhost:1883
//! ```
//!
//! You learn: tools whose names, partial results and errors a program in any language can rely on. Call them with
//! `tool_caller`, or with any other client that speaks MCP tools over MQTT.

use mqtt_agent::prelude::*;

/// A sum.
#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: f64,
}

/// How far `count` has come.
#[derive(Serialize, JsonSchema)]
struct Step {
    i: u32,
}

/// How many steps `count` made.
#[derive(Serialize, JsonSchema)]
struct Counted {
    n: u32,
}

/// Adds two numbers.
#[tool(read_only, idempotent)]
fn add(a: f64, b: f64) -> Sum {
    Sum { sum: a + b }
}

/// Counts to `n`, one partial result a step.
#[tool(read_only)]
async fn count(
    /// How far.
    #[arg(range = 0..=100_000)]
    n: u32,
    steps: Partials<Step>,
) -> Result<Counted, String> {
    for i in 1..=n {
        steps.send(&Step { i }).await.map_err(|error| error.to_string())?;
    }
    Ok(Counted { n })
}

/// Always fails.
#[tool]
async fn fail() -> Result<(), String> {
    Err("this tool always fails; call another".to_owned())
}

#[tokio::main]
async fn main() -> mqtt_agent::Result<()> {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: tool_server URL, as in: tool_server mqtt://localhost:1883");
        std::process::exit(2);
    };
    let agent = Agent::new("tool-server").build()?;
    let names: Vec<_> = agent.tool_cards().iter().map(|card| card.tool.as_str()).collect();
    let names = names.join(", ");
    let running = agent.start(&url).await?;
    println!("serving {names} on {url}; Ctrl-C stops");
    running.until_signal().await?;
    println!("stopped cleanly");
    Ok(())
}
