use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize(#[arg(given)] task: Task) -> String {
    task.id().to_owned()
}

fn main() {}
