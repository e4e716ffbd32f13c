use mqtt_agent::prelude::*;

#[on("home/{1st}")]
fn reading() {}

fn main() {}
