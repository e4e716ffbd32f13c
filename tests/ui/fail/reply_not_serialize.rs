use mqtt_agent::prelude::*;

struct Report;

/// Weather.
#[tool]
async fn weather(city: String) -> Report {
    let _ = city;
    Report
}

fn main() {}
