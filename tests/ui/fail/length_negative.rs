use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(length = -1..=7)] city: String) -> String {
    city
}

fn main() {}
