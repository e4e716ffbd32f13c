use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(#[arg(description = "The city.")] city: String) -> String {
    city
}

fn main() {}
