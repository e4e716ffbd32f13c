use mqtt_agent::prelude::*;

struct Desk;

#[agent]
impl Desk {
    /// Summarizes a text.
    #[skill(atempts = 3)]
    async fn summarize(&self, text: String) -> String {
        text
    }
}

fn main() {}
