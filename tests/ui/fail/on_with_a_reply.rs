use mqtt_agent::prelude::*;

#[on("home/{room}")]
fn reading(room: &str) -> usize {
    room.len()
}

fn main() {}
