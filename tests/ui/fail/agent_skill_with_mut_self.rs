use mqtt_agent::prelude::*;

struct Desk;

#[agent]
impl Desk {
    /// Summarizes a text.
    #[skill]
    async fn summarize(&mut self, text: String) -> String {
        text
    }
}

fn main() {}
