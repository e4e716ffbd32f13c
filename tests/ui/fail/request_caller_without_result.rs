use mqtt_agent::prelude::*;

#[request("home/get", caller)]
fn get() -> u64 {
    1
}

fn main() {}
