use mqtt_agent::prelude::*;

mod other {
    pub fn add() {}
}

fn lists() -> Agent {
    Agent::new("x").tools(tools![other::add])
}

fn main() {}
