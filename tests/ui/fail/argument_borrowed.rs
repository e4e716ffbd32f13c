use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(city: &str) -> String {
    city.to_owned()
}

fn main() {}
