use mqtt_agent::prelude::*;

/// Weather.
#[tool(read_only_hint = true)]
async fn weather(city: String) -> String {
    city
}

fn main() {}
