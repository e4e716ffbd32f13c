use mqtt_agent::prelude::*;

#[on(home/kitchen)]
fn reading() {}

fn main() {}
