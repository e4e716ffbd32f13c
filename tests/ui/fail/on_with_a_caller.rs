use mqtt_agent::prelude::*;

#[on("home/{room}", caller)]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
