use mqtt_agent::prelude::*;

/// Weather.
#[tool(allow("scout", "team/analyst"))]
fn weather() -> u8 {
    20
}

fn main() {}
