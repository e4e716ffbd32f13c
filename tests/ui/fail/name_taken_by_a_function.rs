use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather() -> u8 {
    20
}

/// Weather.
#[tool("weather")]
fn forecast() -> u8 {
    10
}

fn main() {}
