use mqtt_agent::prelude::*;

struct Home;

#[agent(idd = "home")]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self) {}
}

fn main() {}
