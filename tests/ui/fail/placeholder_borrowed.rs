use mqtt_agent::prelude::*;

#[on("home/{room}")]
fn reading(room: &String) {
    drop(room);
}

fn main() {}
