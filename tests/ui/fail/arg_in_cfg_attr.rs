use mqtt_agent::prelude::*;

/// Current weather for a city.
#[tool]
fn weather(#[cfg_attr(all(), arg(length = 1..=80))] city: String) -> String {
    city
}

fn main() {}
