use mqtt_agent::prelude::*;

/// Summarizes.
#[skill]
async fn summarize(task: Task) -> String {
    task.text()
}

fn serves() -> Agent {
    Agent::new("x").skills([summarize])
}

fn main() {}
