use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather(#[arg(range = 1..=300)] days: u8, #[arg(range = -1..)] hours: Option<u32>) -> u8 {
    hours.map_or(days, |_| 0)
}

fn main() {}
