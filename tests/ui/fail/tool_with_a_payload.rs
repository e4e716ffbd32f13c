use mqtt_agent::prelude::*;

/// Answers.
#[tool]
fn answer(payload: mqtt_agent::topic::Payload) -> usize {
    payload.0.len()
}

fn main() {}
