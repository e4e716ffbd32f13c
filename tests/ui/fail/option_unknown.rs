use mqtt_agent::prelude::*;

/// Weather.
#[tool(colour = "red")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
