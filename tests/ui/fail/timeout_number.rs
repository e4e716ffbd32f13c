use mqtt_agent::prelude::*;

/// Weather.
#[tool(timeout = 5)]
async fn weather(city: String) -> String {
    city
}

fn main() {}
