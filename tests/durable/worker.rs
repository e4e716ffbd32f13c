//! A process of its own with a durable store, to be killed: `durable-worker URL STORE RUNS`.
//!
//! It appends the id of each task that a handler begins to the file RUNS, and says `ready` when it serves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use mqtt_agent::Limits;
use mqtt_agent::a2a::SqliteStore;
use mqtt_agent::prelude::*;

/// Takes a while, and says its number.
#[skill(attempts = 20)]
async fn work(task: Task, number: u64, State(runs): State<std::path::PathBuf>) -> anyhow::Result<u64> {
    let mut file = OpenOptions::new().append(true).create(true).open(runs)?;
    writeln!(file, "{}", task.id())?;
    // The work itself: there is nothing to wait for.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(number)
}

/// Is not begun a second time.
#[skill(on_crash = "fail")]
async fn once(State(runs): State<std::path::PathBuf>) -> anyhow::Result<()> {
    writeln!(OpenOptions::new().append(true).create(true).open(runs)?, "once")?;
    std::future::pending().await
}

/// Tells of each of its steps.
#[skill(attempts = 3)]
async fn steps(count: u32, task: Task) -> u32 {
    for step in 1..=count {
        task.progress(format!("step {step}")).await;
        // The work itself: there is nothing to wait for.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    count
}

/// Ends the process.
fn die(runs: &std::path::Path, what: &str) -> ! {
    let mut file = OpenOptions::new().append(true).create(true).open(runs).unwrap();
    writeln!(file, "{what}").unwrap();
    std::process::abort()
}

/// Ends the process before it is asked to wait.
#[tool]
fn dying_call(State(runs): State<std::path::PathBuf>) {
    die(&runs, "call");
}

/// Ends the process.
#[request("dying/request", reply = "dying/answers")]
async fn dying_request(State(runs): State<std::path::PathBuf>) -> Result<(), String> {
    die(&runs, "request")
}

/// Ends the process.
#[on("dying/message")]
async fn dying_message(State(runs): State<std::path::PathBuf>) {
    die(&runs, "message");
}

/// Ends the process.
#[skill(attempts = 3)]
async fn dying_task(State(runs): State<std::path::PathBuf>) {
    die(&runs, "task");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("durable-worker URL STORE RUNS");
    let (url, store, runs) = (next(), next(), std::path::PathBuf::from(next()));
    let running = Agent::new("worker")
        .skills(skills![work, once, steps, dying_task])
        .tools(tools![dying_call])
        .handlers(handlers![dying_request, dying_message])
        .state(runs)
        .store(SqliteStore::open(store).await.unwrap())
        .limits(Limits::default().with_tasks(8))
        .start(ConnectOptions::new(url).will_delay(Duration::from_secs(2)))
        .await
        .unwrap();
    println!("ready");
    running.until_signal().await.unwrap();
}
