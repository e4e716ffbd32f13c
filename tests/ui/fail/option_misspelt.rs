use mqtt_agent::prelude::*;

/// Weather.
#[tool(readonly, timout = "5s")]
async fn weather(city: String) -> String {
    city
}

fn main() {}
