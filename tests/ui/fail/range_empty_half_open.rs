use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather(#[arg(range = 9007199254740993..9007199254740993)] id: u64) -> u64 {
    id
}

fn main() {}
