use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather(#[arg(default)] days: u8) -> u8 {
    days
}

fn main() {}
