use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    /// Heats.
    #[cfg_attr(all(), tool)]
    fn heat(&self) {}
}

fn main() {}
