use mqtt_agent::prelude::*;

/// Reads.
#[tool]
fn read() -> Result<String, std::io::Error> {
    std::fs::read_to_string("x")
}

fn main() {}
