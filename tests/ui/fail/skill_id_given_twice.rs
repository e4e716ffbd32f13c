use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill("summarize", id = "summary")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
