use mqtt_agent::prelude::*;

/// Weather.
#[tool(schema = "weather.json")]
fn weather(city: String, days: Option<u8>, hours: u8) -> u8 {
    drop((city, days, hours));
    0
}

fn main() {}
