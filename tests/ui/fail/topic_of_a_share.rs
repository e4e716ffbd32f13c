use mqtt_agent::prelude::*;

#[on("$share/group/home/{room}")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
