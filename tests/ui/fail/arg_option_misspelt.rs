use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(rang = 0..=7)] days: u8) -> u8 {
    days
}

fn main() {}
