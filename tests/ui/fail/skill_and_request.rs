use mqtt_agent::prelude::*;

/// Summarizes a text.
#[request("summaries")]
#[skill]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
