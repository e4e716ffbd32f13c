use mqtt_agent::prelude::*;

struct Home;

fn main() {
    let _ = Agent::of(Home);
}
