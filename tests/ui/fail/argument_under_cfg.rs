use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather(#[cfg(windows)] city: String) -> u8 {
    20
}

fn main() {}
