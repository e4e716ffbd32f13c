use mqtt_agent::prelude::*;

/// Weather.
#[tool(name = "get weather")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
