//! A process of its own that serves: `served-process URL`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mqtt_agent::prelude::*;

/// Adds two numbers.
#[tool]
fn add(a: f64, b: f64) -> f64 {
    a + b
}

#[tokio::main]
async fn main() -> mqtt_agent::Result<()> {
    let url = std::env::args().nth(1).expect("served-process URL");
    let options = ConnectOptions::new(url).retry_first_connection();
    Agent::new("served").tools(tools![add]).serve(options).await
}
