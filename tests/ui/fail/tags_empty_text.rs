use mqtt_agent::prelude::*;

/// Weather.
#[tool(tags("", "b"))]
async fn weather(city: String) -> String {
    city
}

fn main() {}
