use mqtt_agent::prelude::*;

struct Pool;

/// Weather.
#[tool]
async fn weather(city: String, State(_pool): State<Pool>) -> String {
    city
}

fn main() {}
