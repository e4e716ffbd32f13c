use mqtt_agent::prelude::*;

struct Home;

struct Degrees;

#[agent]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self, to: Degrees) {
        drop(to);
    }
}

fn main() {}
