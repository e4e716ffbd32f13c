use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async unsafe fn weather(city: String) -> String {
    city
}

fn main() {}
