use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(name = "")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
