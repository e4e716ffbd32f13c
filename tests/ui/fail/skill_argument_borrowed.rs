use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize(task: Task, text: &str) -> String {
    let _ = task;
    text.to_owned()
}

fn main() {}
