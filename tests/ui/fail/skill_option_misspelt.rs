use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(exampels("Summarize this page"))]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
