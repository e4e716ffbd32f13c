use mqtt_agent::prelude::*;

#[skill]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
