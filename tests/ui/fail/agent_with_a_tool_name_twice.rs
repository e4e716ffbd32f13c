use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    /// Heats.
    #[tool("heat")]
    fn one(&self) {}

    /// Heats more.
    #[tool("heat")]
    fn other(&self) {}
}

fn main() {}
