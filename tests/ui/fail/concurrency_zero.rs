use mqtt_agent::prelude::*;

/// Weather.
#[tool(concurrency = 0)]
async fn weather(city: String) -> String {
    city
}

fn main() {}
