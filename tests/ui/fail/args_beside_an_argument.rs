use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Place {
    city: String,
}

/// Weather.
#[tool]
async fn weather(Args(place): Args<Place>, days: Option<u8>) -> String {
    format!("{} {days:?}", place.city)
}

fn main() {}
