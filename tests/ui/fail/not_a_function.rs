use mqtt_agent::prelude::*;

/// Weather.
#[tool]
struct Weather;

fn main() {}
