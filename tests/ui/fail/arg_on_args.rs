use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Place {
    city: String,
}

/// Weather.
#[tool]
async fn weather(#[arg(length = 1..=80)] Args(place): Args<Place>) -> String {
    place.city
}

fn main() {}
