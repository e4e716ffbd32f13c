use mqtt_agent::prelude::*;

/// Weather.
#[tool(layer)]
fn weather(days: u8) -> u8 {
    days
}

fn main() {}
