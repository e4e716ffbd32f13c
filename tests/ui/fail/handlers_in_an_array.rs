use mqtt_agent::prelude::*;

#[on("home/door")]
fn door(open: bool) {
    let _ = open;
}

fn serves() -> Agent {
    Agent::new("x").handlers([door])
}

fn main() {}
