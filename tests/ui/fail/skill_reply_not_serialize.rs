use mqtt_agent::prelude::*;

struct Summary(String);

/// Summarizes a text.
#[skill]
async fn summarize(text: String) -> Summary {
    Summary(text)
}

fn main() {}
