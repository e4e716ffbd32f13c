use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(attempts = 0)]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
