use mqtt_agent::prelude::*;

#[on("home/room-{room}")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
