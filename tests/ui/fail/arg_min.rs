use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(min = 1)] days: u8) -> u8 {
    days
}

fn main() {}
