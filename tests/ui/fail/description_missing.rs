use mqtt_agent::prelude::*;

#[tool]
async fn weather(city: String) -> String {
    city
}

fn main() {}
