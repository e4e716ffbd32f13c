use mqtt_agent::prelude::*;

/// Adds.
#[tool]
fn add(a: u8, b: u8) -> u8 {
    a.saturating_add(b)
}

fn serves() -> Agent {
    Agent::new("x").tools(vec![add])
}

fn main() {}
