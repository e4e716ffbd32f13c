use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather() -> u8 {
    20
}

/// Adds.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn agent() -> Agent {
    Agent::new("x").tools(tools![weather, add, self::weather])
}

fn main() {}
