use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(pattern = 7)] city: String) -> String {
    city
}

fn main() {}
