use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(city: String) -> String {
    city
}

fn forecast() {}

fn lists() {
    let _ = tools![weather, forecast];
}

fn main() {}
