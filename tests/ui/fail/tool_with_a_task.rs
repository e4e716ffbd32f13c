use mqtt_agent::prelude::*;

/// Answers.
#[tool]
async fn answer(task: Task) -> String {
    task.text()
}

fn main() {}
