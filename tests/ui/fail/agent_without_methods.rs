use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    fn name(&self) -> &'static str {
        "home"
    }
}

fn main() {
    Home.name();
}
