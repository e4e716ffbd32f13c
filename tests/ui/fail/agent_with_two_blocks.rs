use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self) {}
}

#[agent]
impl Home {
    /// Cools.
    #[tool]
    fn cool(&self) {}
}

fn main() {}
