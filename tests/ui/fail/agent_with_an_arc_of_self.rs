use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    /// Heats.
    #[tool]
    fn heat(self: std::sync::Arc<Self>) {}
}

fn main() {}
