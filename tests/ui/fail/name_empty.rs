use mqtt_agent::prelude::*;

/// Weather.
#[tool("")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
