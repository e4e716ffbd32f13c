use mqtt_agent::prelude::*;

struct Home;

#[agent(part = "cooling")]
impl Home {
    /// Cools.
    #[tool]
    fn cool(&self) {}
}

fn main() {}
