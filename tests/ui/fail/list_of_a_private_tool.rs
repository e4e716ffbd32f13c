use mqtt_agent::prelude::*;

mod other {
    use mqtt_agent::prelude::*;

    /// Adds.
    #[tool]
    fn add(a: u8, b: u8) -> u8 {
        a.saturating_add(b)
    }
}

fn lists() -> Agent {
    Agent::new("x").tools(tools![other::add])
}

fn main() {}
