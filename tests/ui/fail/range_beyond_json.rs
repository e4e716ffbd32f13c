use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather(#[arg(range = 0.0..=1e999)] celsius: f64) -> f64 {
    celsius
}

fn main() {}
