use mqtt_agent::prelude::*;

#[on("home")]
fn reading(#[arg(range = 0..=7)] value: u8) {
    drop(value);
}

fn main() {}
