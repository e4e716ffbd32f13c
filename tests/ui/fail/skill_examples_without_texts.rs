use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(examples)]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
