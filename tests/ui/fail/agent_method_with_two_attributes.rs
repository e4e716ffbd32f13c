use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    /// Heats.
    #[tool]
    #[on("home")]
    fn heat(&self) {}
}

fn main() {}
