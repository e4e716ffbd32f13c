use std::time::Duration;

use mqtt_agent::prelude::*;

/// Waits.
#[tool]
async fn wait(#[arg(duration = "text", range = 1..=5)] length: Duration) -> String {
    format!("{length:?}")
}

fn main() {}
