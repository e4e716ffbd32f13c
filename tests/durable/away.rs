//! Tasks that are sent while nobody is there to take them.

use mqtt_agent::a2a::{MemoryStore, NewTask, SqliteStore, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::{self, TaskState};
use serde_json::json;
use support::{on_each_broker, soon};
use tokio::sync::mpsc;

/// Doubles a number.
#[skill]
async fn double(number: u64) -> u64 {
    number * 2
}

/// Begins, and goes on when it is told to.
#[skill]
async fn linger(task: Task, State(began): State<mpsc::Sender<u32>>) -> String {
    began.send(task.attempt()).await.unwrap();
    if task.attempt() == 1 && task.messages().len() < 2 {
        std::future::pending::<()>().await;
    }
    task.text()
}

/// Asks, and goes on.
#[skill]
async fn converse(
    task: Task,
    State(began): State<mpsc::Sender<u32>>,
) -> Result<String, mqtt_agent::a2a::TaskUpdateError> {
    let name = task.ask("What is your name?").await?.text();
    began.send(task.attempt()).await.unwrap();
    let colour = task.ask("And your colour?").await?.text();
    Ok(format!("{name} likes {colour}"))
}

/// A task that has ended, whose result nobody was there to receive.
fn unfetched(number: u32) -> TaskRecord {
    let task: wire::Task = serde_json::from_value(json!({
        "task_id": format!("old-{number}"), "from": "gone", "status": "completed", "result": number,
    }))
    .unwrap();
    let mut record = TaskRecord::new(task);
    record.reply_topic = Some("a2a/v1/tasks/gone/results".to_owned());
    record
}

on_each_broker! {
    async fn a_hundred_tasks_for_an_agent_that_is_down_are_done_when_it_is_back(broker) {
        let agent = Agent::new("sleeper").skills(skills![double]);
        agent.clone().start(&broker.url()).await.unwrap().stop().await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut tasks = Vec::new();
        for number in 0..100_u64 {
            let task = NewTask::skill("double").data(&json!({"number": number}));
            tasks.push((number, client.delegate("sleeper", task).returning::<u64>().await.unwrap()));
        }
        let running = agent.start(&broker.url()).await.unwrap();
        for (number, mut task) in tasks {
            let doubled = soon(task.result()).await;
            assert_eq!(doubled.unwrap(), number * 2);
        }
        running.stop().await;
    }

    async fn results_that_nobody_fetched_keep_no_task_out(broker) {
        let limits = mqtt_agent::Limits::default().with_task_queue(100);
        let agent = Agent::new("archive").skills(skills![double]).limits(limits);
        agent.clone().start(&broker.url()).await.unwrap().stop().await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let task = NewTask::skill("double").data(&json!({"number": 4}));
        let mut task = client.delegate("archive", task).returning::<u64>().await.unwrap();

        let store = MemoryStore::new();
        for number in 0..10_000 {
            store.insert(TaskSide::Executor, unfetched(number)).await.unwrap();
        }
        let running = agent.store(store).start(&broker.url()).await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), 8);
        running.stop().await;
    }

    async fn a2a_15_what_a_stop_cuts_off_is_handed_to_the_next_start(broker) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let (sender, mut began) = mpsc::channel::<u32>(8);
        let limits = mqtt_agent::Limits::default().with_grace(std::time::Duration::from_millis(100));
        let agent = Agent::new("worker").skills(skills![linger]).state(sender).limits(limits);
        let store = SqliteStore::open(&path).await.unwrap();
        let running = agent.clone().store(store).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", NewTask::skill("linger").text("later")).await.unwrap();
        assert_eq!(soon(began.recv()).await, Some(1));
        running.stop().await;
        let store = support::eventually("the store is free", || async { SqliteStore::open(&path).await.ok() }).await;
        let running = agent.store(store).start(&broker.url()).await.unwrap();
        // Handed back and not crashed: it is the first attempt again.
        assert_eq!(soon(began.recv()).await, Some(1));
        task.cancel().await.unwrap();
        assert_eq!(soon(task.ended()).await.unwrap().status, TaskState::Canceled);
        running.stop().await;
    }

    async fn an_agent_without_a_durable_store_says_that_it_stopped(broker) {
        let (sender, mut began) = mpsc::channel::<u32>(8);
        let limits = mqtt_agent::Limits::default().with_grace(std::time::Duration::from_millis(100));
        let agent = Agent::new("worker").skills(skills![linger]).state(sender).limits(limits);
        let running = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", NewTask::skill("linger")).await.unwrap();
        soon(began.recv()).await.unwrap();
        running.stop().await;
        let end = soon(task.ended()).await.unwrap();
        assert_eq!(end.error.unwrap().code.as_deref(), Some("stopping"));
    }

    async fn an_answer_that_was_given_is_not_asked_for_again(broker) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let (sender, mut began) = mpsc::channel::<u32>(8);
        let agent = Agent::new("worker").skills(skills![converse]).state(sender);
        let store = SqliteStore::open(&path).await.unwrap();
        let running = agent.clone().store(store).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let task = client.delegate("worker", NewTask::skill("converse")).returning::<String>();
        let mut task = task.await.unwrap();
        while soon(task.next()).await.unwrap().state != TaskState::InputRequired {}
        task.send("Ada").await.unwrap();
        soon(began.recv()).await.unwrap();
        while soon(task.next()).await.unwrap().state != TaskState::InputRequired {}
        // The process lives on, so the task is handed back, and the attempt does not count.
        drop(running);
        let store = support::eventually("the store is free", || async { SqliteStore::open(&path).await.ok() }).await;
        let running = agent.store(store).start(&broker.url()).await.unwrap();
        assert_eq!(soon(began.recv()).await, Some(1));
        loop {
            let update = soon(task.next()).await.unwrap();
            if update.state == TaskState::InputRequired {
                assert_eq!(update.message.unwrap().text(), "And your colour?");
                break;
            }
        }
        task.send("red").await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), "Ada likes red");
        running.stop().await;
    }
}
