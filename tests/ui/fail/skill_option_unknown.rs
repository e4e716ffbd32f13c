use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(read_only)]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
