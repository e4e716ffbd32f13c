use mqtt_agent::prelude::*;

struct Desk;

#[agent]
impl Desk {
    #[skill]
    async fn summarize(&self, text: String) -> String {
        text
    }
}

fn main() {}
