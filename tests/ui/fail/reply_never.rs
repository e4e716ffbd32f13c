use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather() -> ! {
    loop {}
}

fn main() {}
