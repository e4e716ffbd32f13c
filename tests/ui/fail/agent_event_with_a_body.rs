use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    #[event("home/alarm")]
    fn alarm(&self) {}
}

fn main() {}
