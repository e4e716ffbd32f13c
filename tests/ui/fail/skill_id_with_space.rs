use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill("sum up")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
