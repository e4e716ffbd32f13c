use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize(#[arg(length = 1..)] task: Task, text: String) -> String {
    let _ = task;
    text
}

fn main() {}
