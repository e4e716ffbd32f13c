use mqtt_agent::prelude::*;

struct Home;

#[agent(parts("cooling"))]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self) {}
}

#[agent("cooler", part = "cooling")]
impl Home {
    /// Cools.
    #[tool]
    fn cool(&self) {}
}

fn main() {}
