use mqtt_agent::prelude::*;

mod other {
    use mqtt_agent::prelude::*;

    /// Adds.
    #[tool]
    pub fn add(a: u8, b: u8) -> u8 {
        a.saturating_add(b)
    }
}

use other::add;

fn lists() -> Agent {
    add(1, 2);
    Agent::new("x").tools(tools![add])
}

fn main() {}
