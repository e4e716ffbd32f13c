use mqtt_agent::prelude::*;

struct Report;

/// Weather.
#[tool(blocking)]
fn weather() -> Report {
    Report
}

fn main() {}
