use mqtt_agent::prelude::*;

mod other {
    pub fn reading() {}
}

fn lists() -> Agent {
    Agent::new("x").handlers(handlers![other::reading])
}

fn main() {}
