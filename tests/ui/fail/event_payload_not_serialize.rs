use mqtt_agent::prelude::*;

struct Alarm;

#[event("home/{room}/alarm")]
fn alarm(room: &str, alarm: Alarm);

fn main() {}
