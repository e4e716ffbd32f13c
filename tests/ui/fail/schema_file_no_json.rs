use mqtt_agent::prelude::*;

/// Weather.
#[tool(schema = "schema_file_no_json.rs")]
fn weather(city: String) -> u8 {
    drop((city,));
    0
}

fn main() {}
