use mqtt_agent::prelude::*;

/// Weather.
#[tool(read_only = "yes")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
