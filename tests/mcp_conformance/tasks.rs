//! The skills of the scenarios `tasks-*`, which hosts see as `slow_compute`, `failing_job` and so on: the agent is the first
//! word of the name. The bridge makes tasks of calls that take longer than half a second.

use std::time::Duration;

use mqtt_agent::a2a::TaskUpdateError;
use mqtt_agent::prelude::*;
use mqtt_agent::{Running, Task, skills};
use tokio::time::sleep;

/// Longer than the bridge waits for the result.
const LONG: Duration = Duration::from_secs(1);

/// Computes for so long.
#[skill]
async fn compute(seconds: f64, label: Option<String>) -> String {
    sleep(Duration::from_secs_f64(seconds)).await;
    format!("computed {}", label.unwrap_or_default())
}

/// Fails.
#[skill]
async fn job(note: Option<String>) -> Result<String, String> {
    sleep(LONG).await;
    Err(format!("it failed {}", note.unwrap_or_default()))
}

/// Fails as a program does.
#[skill("error_job")]
async fn error_job(note: Option<String>) -> Result<String, String> {
    sleep(LONG).await;
    Err(format!("it crashed {}", note.unwrap_or_default()))
}

/// Asks before it deletes.
#[skill]
async fn delete(task: Task, filename: String) -> Result<String, TaskUpdateError> {
    sleep(LONG).await;
    Ok(task.ask(format!("Delete {filename}?")).await?.text())
}

/// Asks twice.
#[skill]
async fn input(task: Task, note: Option<String>) -> Result<String, TaskUpdateError> {
    sleep(LONG).await;
    let first = task.ask(format!("First? {}", note.unwrap_or_default())).await?.text();
    Ok(format!("{first}, {}", task.ask("Second?").await?.text()))
}

/// Asks at once, then takes long.
#[skill("tool_with_task")]
pub(crate) async fn with_task(task: Task, note: Option<String>) -> Result<String, TaskUpdateError> {
    let name = task.ask(format!("What is your name? {}", note.unwrap_or_default())).await?.text();
    sleep(LONG).await;
    Ok(format!("Hello, {name}!"))
}

/// Greets at once.
#[tool]
pub(crate) async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Serves them, each as the agent that its name begins with.
pub(crate) async fn serve(url: &str) -> mqtt_agent::Result<Vec<Running>> {
    Ok(vec![
        Agent::new("slow").skills(skills![compute]).start(url).await?,
        Agent::new("failing").skills(skills![job]).start(url).await?,
        Agent::new("protocol").skills(skills![error_job]).start(url).await?,
        Agent::new("confirm").skills(skills![delete]).start(url).await?,
        Agent::new("multi").skills(skills![input]).start(url).await?,
    ])
}
