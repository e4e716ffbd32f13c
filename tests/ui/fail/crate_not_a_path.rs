use mqtt_agent::prelude::*;

/// Weather.
#[tool(crate = "mqtt_agent")]
fn weather() -> u8 {
    20
}

fn main() {}
