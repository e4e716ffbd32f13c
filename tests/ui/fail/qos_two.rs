use mqtt_agent::prelude::*;

#[on("home/{room}", qos = 2)]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
