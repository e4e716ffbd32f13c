use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize(texts: Args<Vec<String>>) -> String {
    texts.0.concat()
}

fn main() {}
