use mqtt_agent::prelude::*;

/// Weather.
#[tool(allow(scout))]
async fn weather(city: String) -> String {
    city
}

fn main() {}
