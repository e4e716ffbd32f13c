use mqtt_agent::prelude::*;

#[doc = concat!("", " ")]
#[tool]
fn weather() -> u8 {
    20
}

fn main() {}
