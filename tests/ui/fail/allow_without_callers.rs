use mqtt_agent::prelude::*;

/// Weather.
#[tool(allow)]
async fn weather(city: String) -> String {
    city
}

fn main() {}
