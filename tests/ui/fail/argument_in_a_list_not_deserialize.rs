use mqtt_agent::prelude::*;

struct City;

/// Weather.
#[tool]
async fn weather(cities: Vec<City>) -> usize {
    cities.len()
}

fn main() {}
