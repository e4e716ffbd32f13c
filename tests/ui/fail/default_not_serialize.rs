use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
enum Unit {
    Celsius,
}

/// Weather.
#[tool]
fn weather(#[arg(default = Unit::Celsius)] unit: Unit) -> u8 {
    let _ = unit;
    20
}

fn main() {}
