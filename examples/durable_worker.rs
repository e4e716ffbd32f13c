//! A worker that loses no task: kill it, start it again, and watch it finish.
//!
//! Needs a broker, for instance `mosquitto -p 1883`, and three terminals:
//!
//! 1. `cargo run --example durable_worker mqtt://localhost:1883`: the worker, with its tasks in the file
//!    `durable_worker.db`. It prints its process id, and each attempt at a task.
//! 2. `cargo run --example durable_worker mqtt://localhost:1883 give 10`: gives it ten tasks, three seconds each, and
//!    waits for their results.
//! 3. `kill -9 PROCESS` with that id while it works. Start it again as in 1: it goes on with what it was at (`attempt 2`)
//!    and with what waited, and the second terminal gets all ten results, each once.
//!
//! The second terminal may be killed as well: `.. take` there prints the results that came meanwhile. Without arguments
//! the example plays this in short, on a broker of its own, with a stop in place of the kill.

use std::path::Path;
use std::time::Duration;

use mqtt_agent::a2a::{NewTask, SqliteStore};
use mqtt_agent::broker::Broker;
use mqtt_agent::prelude::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// How long one step of a task takes.
#[derive(Clone, Copy)]
struct Step(Duration);

/// Counts to three, slowly.
#[skill(attempts = 100, timeout = "1h")]
async fn count(number: u32, task: Task, State(Step(step)): State<Step>) -> u32 {
    println!("task {number}: attempt {}", task.attempt());
    for done in 1..=3 {
        tokio::time::sleep(step).await;
        task.progress(format!("{done} of 3")).await;
    }
    number
}

async fn worker(file: &Path, step: Duration) -> Result<Agent, Box<dyn std::error::Error>> {
    let store = SqliteStore::open(file).await?;
    Ok(Agent::new("durable-worker").skills(skills![count]).state(Step(step)).store(store))
}

async fn delegator(url: &str, file: &Path) -> Result<Client, Box<dyn std::error::Error>> {
    // An id of its own and a durable store: results find their owner in a later process too.
    Ok(Client::builder()
        .store(SqliteStore::open(file).await?)
        .connect(ConnectOptions::new(url).id("durable-delegator"))
        .await?)
}

async fn give(client: &Client, tasks: u32) -> Outcome {
    for number in 1..=tasks {
        client.delegate("durable-worker", NewTask::skill("count").data(&json!({"number": number}))).await?;
    }
    println!("{tasks} tasks given");
    take(client, tasks).await
}

async fn take(client: &Client, tasks: u32) -> Outcome {
    let mut results = client.results().await?;
    for _ in 0..tasks {
        let Some(task) = results.next().await else { break };
        println!("result: {} {}", task.status, task.result.unwrap_or_default());
    }
    Ok(results.finish()?)
}

/// In short: the worker is stopped in the middle of its work, and another one goes on with it.
async fn play() -> Outcome {
    let folder = std::env::temp_dir().join(format!("durable_worker-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (tasks, step) = (folder.join("worker.db"), Duration::from_millis(100));
    let broker = Broker::start().await?;
    let limits = mqtt_agent::Limits::default().with_tasks(2).with_grace(Duration::from_millis(50));
    let first = worker(&tasks, step).await?.limits(limits).start(&broker.url()).await?;
    let client = delegator(&broker.url(), &folder.join("delegator.db")).await?;
    let stop_and_go_on = async {
        tokio::time::sleep(step * 2).await;
        println!("the worker stops");
        first.stop().await;
        println!("the worker is back");
        worker(&tasks, step).await?.start(&broker.url()).await.map_err(Box::<dyn std::error::Error>::from)
    };
    let (given, second) = tokio::join!(give(&client, 5), stop_and_go_on);
    given?;
    client.close().await;
    second?.stop().await;
    broker.stop().await;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let store = Path::new("durable_delegator.db");
    match arguments.as_slice() {
        [] => play().await,
        [url] => {
            println!("process {}", std::process::id());
            Ok(worker(Path::new("durable_worker.db"), Duration::from_secs(1)).await?.serve(*url).await?)
        }
        [url, "give", tasks] => give(&delegator(url, store).await?, tasks.parse()?).await,
        [url, "take"] => take(&delegator(url, store).await?, u32::MAX).await,
        _ => Err("usage: durable_worker [URL [give COUNT | take]]".into()),
    }
}
