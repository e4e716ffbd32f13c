use mqtt_agent::prelude::*;

/// Weather.
#[tool(concurrency = "many")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
