use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(on_crash = "ignore")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
