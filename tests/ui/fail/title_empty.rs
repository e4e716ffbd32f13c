use mqtt_agent::prelude::*;

/// Weather.
#[tool(title = " ")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
