use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self);
}

fn main() {}
