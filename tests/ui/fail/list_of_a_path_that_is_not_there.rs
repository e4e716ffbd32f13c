use mqtt_agent::prelude::*;

mod other {
    use mqtt_agent::prelude::*;

    /// Adds.
    #[tool]
    pub fn add() {}
}

fn lists() -> Agent {
    Agent::new("x").tools(tools![other::ad])
}

fn main() {}
