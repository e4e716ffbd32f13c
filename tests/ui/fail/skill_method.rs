use mqtt_agent::prelude::*;

struct Desk;

impl Desk {
    /// Summarizes a text.
    #[skill]
    async fn summarize(&self, text: String) -> String {
        text
    }
}

fn main() {}
