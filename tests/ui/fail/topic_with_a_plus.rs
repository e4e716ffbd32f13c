use mqtt_agent::prelude::*;

#[on("home/+/temperature")]
fn reading() {}

fn main() {}
