use mqtt_agent::prelude::*;

/// Waits.
#[tool]
async fn wait(#[arg(duration = "text")] length: u32) -> String {
    format!("{length:?}")
}

fn main() {}
