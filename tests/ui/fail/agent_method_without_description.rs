use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    #[tool]
    fn heat(&self) {}
}

fn main() {}
