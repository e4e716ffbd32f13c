use mqtt_agent::prelude::*;

#[tool(description = "Weather.")]
/// Weather.
async fn weather(city: String) -> String {
    city
}

fn main() {}
