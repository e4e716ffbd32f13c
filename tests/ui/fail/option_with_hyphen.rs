use mqtt_agent::prelude::*;

/// Weather.
#[tool(read-only)]
async fn weather(city: String) -> String {
    city
}

fn main() {}
