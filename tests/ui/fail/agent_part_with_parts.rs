use mqtt_agent::prelude::*;

struct Home;

#[agent(parts("cooling"))]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self) {}
}

#[agent(part = "cooling", parts("doors"))]
impl Home {
    /// Cools.
    #[tool]
    fn cool(&self) {}
}

fn main() {}
