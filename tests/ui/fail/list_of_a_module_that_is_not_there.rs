use mqtt_agent::prelude::*;

fn lists() -> Agent {
    Agent::new("x").tools(tools![other::add])
}

fn main() {}
