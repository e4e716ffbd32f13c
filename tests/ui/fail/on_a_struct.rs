use mqtt_agent::prelude::*;

#[on("home")]
struct Home;

fn main() {}
