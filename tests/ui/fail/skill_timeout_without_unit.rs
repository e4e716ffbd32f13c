use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(timeout = "60")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
