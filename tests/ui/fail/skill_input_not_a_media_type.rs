use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(input("text"))]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
