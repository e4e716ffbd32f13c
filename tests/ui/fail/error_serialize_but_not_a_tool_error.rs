use mqtt_agent::prelude::*;

#[derive(Serialize, JsonSchema)]
struct Broken;

/// Weather.
#[tool]
async fn weather(city: String) -> Result<String, Broken> {
    let _ = city;
    Err(Broken)
}

fn main() {}
