use std::time::Duration;

use mqtt_agent::prelude::*;

/// Waits.
#[tool]
async fn wait(#[arg(duration = "5s")] length: Duration) -> String {
    format!("{length:?}")
}

fn main() {}
