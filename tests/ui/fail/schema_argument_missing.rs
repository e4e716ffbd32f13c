use mqtt_agent::prelude::*;

/// Weather.
#[tool(schema = "weather.json")]
fn weather(city: String) -> u8 {
    drop((city,));
    0
}

fn main() {}
