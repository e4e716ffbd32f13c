use mqtt_agent::prelude::*;

struct Desk;

#[agent]
impl Desk {
    /// Answers.
    #[tool]
    async fn answer(&self, task: Task) -> String {
        task.text()
    }
}

fn main() {}
