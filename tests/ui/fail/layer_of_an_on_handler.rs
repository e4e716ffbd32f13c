use mqtt_agent::prelude::*;

#[on("home/{room}/temperature", layer = mqtt_agent::layer::ConcurrencyByKey::by_client(1))]
fn reading(room: &str) {
    println!("{room}");
}

fn main() {}
