mqtt_agent::contract!();

fn main() {}
