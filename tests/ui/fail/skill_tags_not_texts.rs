use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(tags(text, 7))]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
