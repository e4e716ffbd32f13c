use mqtt_agent::prelude::*;

/// Two crates may define this name, and one agent cannot serve both.
#[tool]
fn twin() -> u8 {
    2
}

fn agent() -> Agent {
    Agent::new("x").tools(tools![twin, support::twin])
}

fn main() {}
