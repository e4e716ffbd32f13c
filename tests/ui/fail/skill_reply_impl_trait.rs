use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize(text: String) -> impl Serialize {
    text
}

fn main() {}
