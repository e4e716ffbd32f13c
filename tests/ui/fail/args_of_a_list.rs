use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(Args(days): Args<Vec<u32>>) -> usize {
    days.len()
}

fn main() {}
