use mqtt_agent::prelude::*;

/// Weather.
#[tool(timeout, title)]
fn weather() -> u8 {
    20
}

fn main() {}
