use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
#[tool]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
