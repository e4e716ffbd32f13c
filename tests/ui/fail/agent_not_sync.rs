use mqtt_agent::prelude::*;

struct Home(std::cell::Cell<u8>);

#[agent]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self) {
        self.0.set(1);
    }
}

fn main() {}
