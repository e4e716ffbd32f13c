use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(blocking)]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
