use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(max_length = 80)] city: String) -> String {
    city
}

fn main() {}
