use mqtt_agent::prelude::*;

struct Report;

/// Weather.
#[tool]
async fn weather(city: String) -> Result<Report, String> {
    let _ = city;
    Ok(Report)
}

fn main() {}
