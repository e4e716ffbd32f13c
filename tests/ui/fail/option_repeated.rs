use mqtt_agent::prelude::*;

/// Weather.
#[tool(timeout = "5s", read_only, timeout = "6s")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
