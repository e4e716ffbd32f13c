use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Place {
    city: String,
}

#[derive(Deserialize, JsonSchema)]
struct Time {
    days: u8,
}

/// Weather.
#[tool]
async fn weather(Args(place): Args<Place>, Args(time): Args<Time>) -> String {
    format!("{} {}", place.city, time.days)
}

fn main() {}
