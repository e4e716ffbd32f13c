use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather(#[arg(range = 0..=18446744073709551616)] id: u64) -> u64 {
    id
}

fn main() {}
