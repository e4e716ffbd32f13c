use mqtt_agent::prelude::*;

/// Weather.
#[tool(schema = "weather.json")]
fn weather(city: Option<String>, days: Option<u8>) -> u8 {
    drop((city, days));
    0
}

fn main() {}
