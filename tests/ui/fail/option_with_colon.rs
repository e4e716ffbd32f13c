use mqtt_agent::prelude::*;

/// Weather.
#[tool(timeout: "5s")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
