use mqtt_agent::prelude::*;

struct Home;

#[agent("my home")]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self) {}
}

fn main() {}
