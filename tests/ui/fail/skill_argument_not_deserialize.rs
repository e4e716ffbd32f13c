use mqtt_agent::prelude::*;

struct Text(String);

/// Summarizes a text.
#[skill]
async fn summarize(task: Task, text: Text) -> String {
    let _ = task;
    text.0
}

fn main() {}
