use mqtt_agent::prelude::*;

#[on("home/{room}", "house/{room}")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
