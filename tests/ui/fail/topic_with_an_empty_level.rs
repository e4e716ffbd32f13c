use mqtt_agent::prelude::*;

#[on("home//{room}")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
