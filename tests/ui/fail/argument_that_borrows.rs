use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Place<'a> {
    city: &'a str,
}

/// Weather.
#[tool]
fn weather(place: Place<'_>) -> String {
    place.city.to_owned()
}

fn main() {}
