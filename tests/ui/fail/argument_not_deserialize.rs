use mqtt_agent::prelude::*;

struct City;

/// Weather.
#[tool]
async fn weather(city: City) -> String {
    let _ = city;
    String::new()
}

fn main() {}
