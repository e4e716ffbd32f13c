use mqtt_agent::prelude::*;

trait Summarizer {
    /// Summarizes a text.
    #[skill]
    async fn summarize(text: String) -> String;
}

fn main() {}
