use mqtt_agent::prelude::*;

struct Report;

/// Weather.
#[tool]
fn weather() -> Vec<Report> {
    Vec::new()
}

fn main() {}
