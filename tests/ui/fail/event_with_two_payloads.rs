use mqtt_agent::prelude::*;

#[event("home/{room}/alarm")]
fn alarm(room: &str, celsius: f64, humidity: f64);

fn main() {}
