use mqtt_agent::prelude::*;

/// Weather.
#[tool("a", name = "b")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
