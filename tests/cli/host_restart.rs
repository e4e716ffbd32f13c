//! A broker that is restarted while hosts poll tasks of `mqtt-agent mcp --agents`.

use std::sync::Arc;
use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{ConnectionState, Running, skills};
use serde_json::{Value, json};
use support::{TestBroker, soon};
use tokio::sync::{Semaphore, mpsc};

use crate::host::{Asks, ERAS, Era, Host};
use crate::web::Web;

#[derive(Clone)]
struct Oven {
    /// A loaf is ready for each permit.
    ready: Arc<Semaphore>,
    began: mpsc::UnboundedSender<String>,
}

/// Takes as long as the oven.
#[skill]
async fn toast(task: Task, State(oven): State<Oven>) -> Result<String, String> {
    oven.began.send(task.text().to_string()).map_err(|error| error.to_string())?;
    oven.ready.acquire().await.map_err(|error| error.to_string())?.forget();
    Ok(format!("toasted: {}", task.text()))
}

fn polling() -> Value {
    json!({"extensions": {"io.modelcontextprotocol/tasks": {}}})
}

/// Each call is a task at once.
const AT_ONCE: &[&str] = &["--agents", "--task-after", "1ms"];

async fn get(host: &mut impl Asks, id: &Value) -> Value {
    let answer = host.ask("tasks/get", json!({"taskId": id})).await;
    answer.get("result").unwrap_or_else(|| panic!("{answer}")).clone()
}

/// Begins a task, restarts the broker while it is polled, and fetches its result.
async fn outlives(host: &mut impl Asks, broker: &mut TestBroker, kitchen: &mut Kitchen, bread: &str) {
    let task = host.call("baker_toast", json!({"message": bread})).await;
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    let id = task["taskId"].clone();
    assert_eq!(soon(kitchen.began.recv()).await.as_deref(), Some(bread));
    let mut connection = kitchen.agent.connection();
    let before = epoch(&connection.borrow());

    broker.kill().await;
    for _ in 0..20 {
        assert_eq!(get(host, &id).await["status"], "working");
    }
    broker.start().await;
    assert_eq!(get(host, &id).await["status"], "working");
    soon(connection.wait_for(|state| state.is_connected() && epoch(state) > before)).await.unwrap();
    assert_eq!(get(host, &id).await["status"], "working");

    kitchen.ready.add_permits(1);
    let poll = async {
        loop {
            let task = get(host, &id).await;
            if task["status"] != "working" {
                return task;
            }
            // A host polls; it is not told.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let end = tokio::time::timeout(Duration::from_secs(60), poll).await.expect("the result comes");
    assert_eq!(end["status"], "completed", "{end}");
    assert_eq!(end["result"]["content"][0]["text"], format!("toasted: {bread}"), "{end}");
    assert!(kitchen.began.try_recv().is_err(), "it ran twice");
    // And the next one is done over the new connection.
    kitchen.ready.add_permits(1);
    let next = host.call("baker_toast", json!({"message": "next"})).await;
    assert_eq!(soon(kitchen.began.recv()).await.as_deref(), Some("next"), "{next}");
}

fn epoch(state: &ConnectionState) -> u64 {
    match state {
        ConnectionState::Connected { epoch, .. } => *epoch,
        _ => 0,
    }
}

struct Kitchen {
    agent: Running,
    began: mpsc::UnboundedReceiver<String>,
    ready: Arc<Semaphore>,
}

impl Kitchen {
    async fn start(url: &str) -> Self {
        let ((began, begins), ready) = (mpsc::unbounded_channel::<String>(), Arc::new(Semaphore::new(0)));
        let oven = Oven { ready: Arc::clone(&ready), began };
        let agent = Agent::new("baker").skills(skills![toast]).state(oven);
        Self { agent: agent.start(url).await.unwrap(), began: begins, ready }
    }
}

async fn on_stdio(era: Era) {
    let mut broker = TestBroker::embedded().await;
    let mut kitchen = Kitchen::start(&broker.url()).await;
    let mut host = Host::capable(era, &broker.url(), AT_ONCE, polling()).await;
    host.listen().await;
    host.until_listed("baker_toast").await;
    outlives(&mut host, &mut broker, &mut kitchen, "rye").await;
    host.end().await;
    kitchen.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_a_legacy_host_polls_outlives_the_broker() {
    on_stdio(Era::Legacy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_a_modern_host_polls_outlives_the_broker() {
    on_stdio(Era::Modern).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_hosts_poll_over_http_outlive_the_broker() {
    let mut broker = TestBroker::embedded().await;
    let mut kitchen = Kitchen::start(&broker.url()).await;
    let web = Web::start(&broker.url(), AT_ONCE).await;
    for (era, bread) in ERAS.into_iter().zip(["rye", "wheat"]) {
        let mut client = web.capable(era, None, polling()).await;
        client.until_listed("baker_toast").await;
        outlives(&mut client, &mut broker, &mut kitchen, bread).await;
    }
    kitchen.agent.stop().await;
}
