//! The skills that the tests of the A2A profile serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::Task;
use mqtt_agent::prelude::*;
use mqtt_agent::wire::{Artifact, Part};
use tokio::sync::Semaphore;

/// Counts the runs of handlers, and holds some up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    runs: AtomicUsize,
    gate: Semaphore,
}

impl Default for Inner {
    fn default() -> Self {
        Self { runs: AtomicUsize::new(0), gate: Semaphore::new(0) }
    }
}

impl Desk {
    /// How many handlers began.
    pub(crate) fn runs(&self) -> usize {
        self.0.runs.load(Ordering::SeqCst)
    }

    fn begin(&self) {
        self.0.runs.fetch_add(1, Ordering::SeqCst);
    }

    /// Lets so many tasks of `hold` go on.
    pub(crate) fn open(&self, tasks: usize) {
        self.0.gate.add_permits(tasks);
    }

    /// Waits until so many handlers have begun.
    pub(crate) async fn until(&self, runs: usize) {
        support::eventually("handlers began", || async { (self.runs() >= runs).then_some(()) }).await;
    }
}

/// Says the text in capitals.
#[skill(tags("text"), examples("Shout: hello"))]
pub(crate) async fn shout(task: Task, State(desk): State<Desk>) -> String {
    desk.begin();
    task.text().to_uppercase()
}

/// A sum.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Sum {
    /// The numbers' sum.
    pub sum: i64,
}

/// Adds numbers.
#[skill(name = "Add numbers", tags("math"))]
pub(crate) async fn add_up(
    /// The numbers.
    numbers: Vec<i64>,
    State(desk): State<Desk>,
) -> Result<Sum, String> {
    desk.begin();
    if numbers.is_empty() {
        Err("no numbers; give some".to_owned())
    } else {
        Ok(Sum { sum: numbers.iter().sum() })
    }
}

/// Waits until it is let go.
#[skill]
pub(crate) async fn hold(task: Task, State(desk): State<Desk>) -> Result<String, String> {
    desk.begin();
    task.progress("waiting").await;
    desk.0.gate.acquire().await.map_err(|error| error.to_string())?.forget();
    Ok(format!("attempt {}", task.attempt()))
}

/// Asks for a colour, and paints with it.
#[skill]
pub(crate) async fn paint(
    task: Task,
    State(desk): State<Desk>,
) -> Result<String, mqtt_agent::a2a::TaskUpdateError> {
    desk.begin();
    let colour = task.ask("Which colour?").await?.text();
    task.artifact(Artifact::new("picture", [Part::raw(vec![0, 159, 146, 150], "image/x-test")])).await?;
    Ok(format!("painted {colour}"))
}

/// Takes longer than it may.
#[skill(timeout = "200ms")]
pub(crate) async fn dawdle(State(desk): State<Desk>) {
    desk.begin();
    tokio::time::sleep(Duration::from_secs(600)).await;
}

/// Panics.
#[skill]
pub(crate) async fn stumble(State(desk): State<Desk>) {
    desk.begin();
    panic!("over its own feet");
}

/// Answers with as many bytes as asked for.
#[skill]
pub(crate) async fn fill(bytes: usize, State(desk): State<Desk>) -> String {
    desk.begin();
    "x".repeat(bytes)
}

/// An agent with all of them.
pub(crate) fn desk(desk: &Desk) -> Agent {
    Agent::new("desk").skills(skills![shout, add_up, hold, paint, dawdle, stumble, fill]).state(desk.clone())
}
