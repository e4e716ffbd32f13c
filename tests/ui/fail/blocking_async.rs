use mqtt_agent::prelude::*;

/// Weather.
#[tool(blocking)]
async fn weather(city: String) -> String {
    city
}

fn main() {}
