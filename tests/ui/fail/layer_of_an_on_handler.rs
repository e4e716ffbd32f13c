use mqtt_agent::layer::ConcurrencyByKey;
use mqtt_agent::prelude::*;

#[on("home/{room}/temperature", layer = ConcurrencyByKey::by_client(1))]
fn reading(room: &str) {}

fn main() {}
