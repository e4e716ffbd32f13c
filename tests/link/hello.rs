//! A process as a newcomer writes it: `hello-process serve URL`, `hello-process connect URL`, or `hello-process empty URL`
//! for an agent with nothing to serve. With a third word it has a `tracing` subscriber.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mqtt_agent::prelude::*;

/// Adds two numbers.
#[tool]
fn add(a: f64, b: f64) -> f64 {
    a + b
}

#[tokio::main]
async fn main() -> mqtt_agent::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.len() > 2 {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_env_filter("info")
            .with_writer(std::io::stderr)
            .init();
    }
    let options = ConnectOptions::from_env_at(&arguments[1])?;
    if arguments[0] == "serve" {
        return Agent::new("calculator").tools(tools![add]).serve(options).await;
    }
    if arguments[0] == "empty" {
        return Agent::new("calculator").tools(tools![]).serve(options).await;
    }
    Client::connect(options).await?.close().await;
    Ok(())
}
