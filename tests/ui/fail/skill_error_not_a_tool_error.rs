use mqtt_agent::prelude::*;

struct Broken;

/// Summarizes a text.
#[skill]
async fn summarize(text: String) -> Result<String, Broken> {
    let _ = text;
    Err(Broken)
}

fn main() {}
