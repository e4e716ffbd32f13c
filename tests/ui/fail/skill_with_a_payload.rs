use mqtt_agent::prelude::*;

/// Counts.
#[skill]
async fn count(payload: mqtt_agent::topic::Payload) -> usize {
    payload.0.len()
}

fn main() {}
