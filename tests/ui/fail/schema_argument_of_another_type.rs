use mqtt_agent::prelude::*;

/// Weather.
#[tool(schema = "weather.json")]
fn weather(city: u32, days: Option<u8>) -> u8 {
    drop((city, days));
    0
}

fn main() {}
