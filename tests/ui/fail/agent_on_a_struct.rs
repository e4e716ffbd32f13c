use mqtt_agent::prelude::*;

#[agent]
struct Home;

fn main() {}
