use mqtt_agent::prelude::*;

struct Broken;

type Answer<T> = Result<T, Broken>;

/// Weather.
#[tool]
fn weather() -> Answer<u8> {
    Err(Broken)
}

fn main() {}
