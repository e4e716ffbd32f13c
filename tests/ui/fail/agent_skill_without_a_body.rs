use mqtt_agent::prelude::*;

struct Desk;

#[agent]
impl Desk {
    /// Summarizes a text.
    #[skill]
    async fn summarize(&self, text: String) -> String;
}

fn main() {}
