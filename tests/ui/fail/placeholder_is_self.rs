use mqtt_agent::prelude::*;

#[event("home/{self}/alarm")]
fn alarm(_self: &str);

fn main() {}
