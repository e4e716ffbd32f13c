use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    /// Heats.
    #[tool]
    fn heat<T>(&self, by: T) {
        drop(by);
    }
}

fn main() {}
