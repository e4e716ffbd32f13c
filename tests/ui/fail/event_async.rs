use mqtt_agent::prelude::*;

#[event("home/alarm")]
async fn alarm();

fn main() {}
