use mqtt_agent::prelude::*;

/// Weather.
#[tool(tiemout = "5s")]
fn weather() -> u8 {
    20
}

/// Adds.
#[tool(read_only = 1)]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn agent() -> Agent {
    Agent::new("x").tools(tools![weather, add])
}

fn main() {}
