use mqtt_agent::prelude::*;

struct Status;

#[request("home/get")]
fn get() -> Status {
    Status
}

fn main() {}
