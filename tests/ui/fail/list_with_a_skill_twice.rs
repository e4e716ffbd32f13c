use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize(text: String) -> String {
    text
}

fn lists() {
    let _ = skills![summarize, self::summarize];
}

fn main() {}
