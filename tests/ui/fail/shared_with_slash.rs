use mqtt_agent::prelude::*;

#[on("home/{room}", shared = "a/b")]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
