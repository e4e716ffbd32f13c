use mqtt_agent::prelude::*;

/// Summarizes a text.
#[tool]
async fn summarize(text: String) -> String {
    text
}

fn lists() {
    let _ = skills![summarize];
}

fn main() {}
