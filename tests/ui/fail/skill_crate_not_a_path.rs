use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(crate = "mqtt_agent")]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
