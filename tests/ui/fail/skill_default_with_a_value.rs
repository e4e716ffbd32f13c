use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(default = "summarize")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
