use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize<T: Into<String>>(text: T) -> String {
    text.into()
}

fn main() {}
