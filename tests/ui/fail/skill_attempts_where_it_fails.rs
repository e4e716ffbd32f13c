use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(on_crash = "fail", attempts = 3)]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
