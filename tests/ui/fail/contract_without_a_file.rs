use mqtt_agent::prelude::*;

mqtt_agent::contract!();

fn main() {}
