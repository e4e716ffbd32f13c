use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(timeout = "0s")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
