use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(city: String) -> impl Serialize {
    city
}

fn main() {}
