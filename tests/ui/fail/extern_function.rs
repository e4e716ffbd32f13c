use mqtt_agent::prelude::*;

/// Weather.
#[tool]
extern "C" fn weather(city: u32) -> u32 {
    city
}

fn main() {}
