use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(Args(days): Args<u32>) -> u32 {
    days
}

fn main() {}
