use mqtt_agent::prelude::*;

#[derive(Deserialize)]
struct City {
    name: String,
}

/// Weather.
#[tool]
async fn weather(city: City) -> String {
    city.name
}

fn main() {}
