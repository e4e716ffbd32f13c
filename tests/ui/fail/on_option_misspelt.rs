use mqtt_agent::prelude::*;

#[on("home/{room}", shard = "g")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
