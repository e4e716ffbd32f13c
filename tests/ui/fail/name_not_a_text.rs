use mqtt_agent::prelude::*;

/// Weather.
#[tool(name = 7)]
async fn weather(city: String) -> String {
    city
}

fn main() {}
