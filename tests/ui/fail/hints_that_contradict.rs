use mqtt_agent::prelude::*;

/// Weather.
#[tool(read_only, destructive)]
fn weather() -> u8 {
    20
}

fn main() {}
