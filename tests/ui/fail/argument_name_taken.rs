use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(city: String, #[arg(rename = "city")] town: String) -> String {
    city + &town
}

fn main() {}
