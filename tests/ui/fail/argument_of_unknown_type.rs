use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(city: Citty) -> Reportt {
    todo!()
}

fn main() {}
