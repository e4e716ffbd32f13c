use mqtt_agent::prelude::*;

type Place = bool;

/// Weather.
#[tool(schema = "weather.json")]
fn weather(city: Place, days: Option<u8>) -> u8 {
    drop((city, days));
    0
}

fn main() {}
