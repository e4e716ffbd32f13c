use mqtt_agent::prelude::*;

/// Weather.
#[tool("weather/now")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
