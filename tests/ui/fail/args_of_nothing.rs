use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(_: Args<()>) -> u8 {
    20
}

fn main() {}
