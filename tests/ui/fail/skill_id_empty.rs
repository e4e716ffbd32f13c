use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(id = "")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
