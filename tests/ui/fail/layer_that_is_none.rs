use mqtt_agent::prelude::*;

/// Weather.
#[tool(layer = 5)]
fn weather(days: u8) -> u8 {
    days
}

fn main() {}
