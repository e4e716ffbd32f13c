use mqtt_agent::prelude::*;

#[on("home/{room}/{lamp}")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
