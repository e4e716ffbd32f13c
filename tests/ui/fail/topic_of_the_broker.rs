use mqtt_agent::prelude::*;

#[on("$SYS/broker/uptime")]
fn reading() {}

fn main() {}
