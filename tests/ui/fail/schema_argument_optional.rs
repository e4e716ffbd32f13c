use mqtt_agent::prelude::*;

/// Weather.
#[tool(schema = "weather.json")]
fn weather(city: String, days: u8) -> u8 {
    drop((city, days));
    0
}

fn main() {}
