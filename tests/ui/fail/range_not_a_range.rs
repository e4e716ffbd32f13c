use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(range = 7)] days: u8) -> u8 {
    days
}

fn main() {}
