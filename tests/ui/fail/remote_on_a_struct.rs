use mqtt_agent::prelude::*;

#[remote]
struct Bank;

fn main() {}
