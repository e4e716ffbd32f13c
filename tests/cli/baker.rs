//! An agent whose skills take as long as the test says.

use std::sync::Arc;

use mqtt_agent::a2a::TaskUpdateError;
use mqtt_agent::prelude::*;
use mqtt_agent::{Running, skills};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use crate::host::{Era, Host};

#[derive(Clone)]
struct Oven {
    /// A loaf is ready for each permit.
    ready: Arc<Semaphore>,
    told: mpsc::UnboundedSender<&'static str>,
}

struct Dropped(Oven);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.told.send("dropped").ok();
    }
}

/// Takes as long as the oven.
#[skill]
async fn roast(task: Task, State(oven): State<Oven>) -> Result<String, String> {
    let _dropped = Dropped(oven.clone());
    oven.told.send("began").ok();
    task.progress("in the oven").await;
    oven.ready.acquire().await.map_err(|error| error.to_string())?.forget();
    match task.text().as_str() {
        "burnt" => Err("it is burnt".to_owned()),
        text => Ok(format!("roasted: {text}")),
    }
}

/// Answers at once.
#[skill]
async fn quick(task: Task) -> String {
    task.text()
}

/// Asks twice.
#[skill]
async fn order(task: Task, State(oven): State<Oven>) -> Result<String, TaskUpdateError> {
    // Until the call is a task for sure.
    drop(oven.ready.acquire().await.map(tokio::sync::SemaphorePermit::forget));
    let bread = task.ask("Which bread?").await?.text();
    let size = task.ask("Which size?").await?.text();
    Ok(format!("{size} {bread}"))
}

/// Asks, and does without an answer in the end.
#[skill]
async fn guess(task: Task, State(oven): State<Oven>) -> Result<String, TaskUpdateError> {
    drop(oven.ready.acquire().await.map(tokio::sync::SemaphorePermit::forget));
    tokio::select! {
        bread = task.ask("Which bread?") => Ok(bread?.text()),
        ready = oven.ready.acquire() => {
            drop(ready.map(tokio::sync::SemaphorePermit::forget));
            Ok("rye, then".to_owned())
        }
    }
}

pub(crate) struct Baker {
    pub(crate) agent: Running,
    pub(crate) heard: mpsc::UnboundedReceiver<&'static str>,
    pub(crate) ready: Arc<Semaphore>,
}

impl Baker {
    pub(crate) async fn start(url: &str) -> Self {
        let ((told, heard), ready) = (mpsc::unbounded_channel(), Arc::new(Semaphore::new(0)));
        let oven = Oven { ready: Arc::clone(&ready), told };
        let agent = Agent::new("baker").skills(skills![roast, quick, order, guess]).state(oven);
        Self { agent: agent.start(url).await.unwrap(), heard, ready }
    }
}

/// A host that sees the agent's skills.
pub(crate) async fn host(era: Era, url: &str, arguments: &[&str], capabilities: Value) -> Host {
    let mut host = Host::capable(era, url, arguments, capabilities).await;
    host.listen().await;
    host.until_listed("baker_roast").await;
    host
}
