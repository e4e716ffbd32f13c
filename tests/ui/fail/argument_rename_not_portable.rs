use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(rename = "$top")] top: u32) -> u32 {
    top
}

fn main() {}
