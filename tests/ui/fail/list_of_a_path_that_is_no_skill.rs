use mqtt_agent::prelude::*;

mod other {
    pub fn summarize() {}
}

fn lists() -> Agent {
    Agent::new("x").skills(skills![other::summarize])
}

fn main() {}
