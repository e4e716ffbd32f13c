use mqtt_agent::prelude::*;

struct Desk;
struct Text(String);

#[agent]
impl Desk {
    /// Summarizes a text.
    #[skill]
    async fn summarize(&self, text: Text) -> String {
        text.0
    }
}

fn main() {}
