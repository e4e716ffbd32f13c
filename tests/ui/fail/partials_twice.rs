use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(hours: Partials<u8>, days: Partials<u8>) -> u8 {
    let _ = (hours, days);
    20
}

fn main() {}
