use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(_: String) -> String {
    String::new()
}

fn main() {}
