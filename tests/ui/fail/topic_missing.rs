use mqtt_agent::prelude::*;

#[on()]
fn reading(room: &str) {
    drop(room);
}

fn main() {}
