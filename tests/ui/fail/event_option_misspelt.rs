use mqtt_agent::prelude::*;

#[event("home/{room}/alarm", retained)]
fn alarm(room: &str);

fn main() {}
