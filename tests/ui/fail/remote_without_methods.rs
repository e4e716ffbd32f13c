use mqtt_agent::prelude::*;

#[remote]
trait Bank {}

fn main() {}
