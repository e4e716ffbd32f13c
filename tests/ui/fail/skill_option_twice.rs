use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill(tags("text"), timeout = "1h", tags("more"))]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
