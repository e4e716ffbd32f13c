use mqtt_agent::prelude::*;

#[on("")]
fn reading() {}

fn main() {}
