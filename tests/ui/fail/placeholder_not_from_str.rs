use mqtt_agent::prelude::*;

struct Room;

#[on("home/{room}")]
fn reading(room: Room) {
    drop(room);
}

fn main() {}
