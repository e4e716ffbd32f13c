use mqtt_agent::prelude::*;

#[event("home/{room}/alarm")]
fn alarm(room: &str) {}

fn main() {}
