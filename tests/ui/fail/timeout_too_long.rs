use mqtt_agent::prelude::*;

/// Weather.
#[tool(timeout = "99999999999999999h")]
fn weather() -> u8 {
    20
}

fn main() {}
