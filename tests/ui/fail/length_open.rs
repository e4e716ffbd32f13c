use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather(#[arg(length = ..)] city: String) -> String {
    city
}

fn main() {}
