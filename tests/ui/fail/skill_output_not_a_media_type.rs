use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(output("text/plain", "application json"))]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
