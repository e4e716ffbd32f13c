use mqtt_agent::prelude::*;

#[on("home/{room...}/temperature")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
