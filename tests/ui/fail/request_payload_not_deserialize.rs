use mqtt_agent::prelude::*;

struct Query;

#[request("home/get")]
fn get(query: Query) -> u8 {
    drop(query);
    0
}

fn main() {}
