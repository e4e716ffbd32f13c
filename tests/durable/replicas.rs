//! Several processes that are one agent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::a2a::NewTask;
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::json;
use support::{on_each_broker, soon};

/// Counts its runs.
#[skill]
async fn count(number: u64, State(runs): State<Arc<AtomicUsize>>) -> u64 {
    runs.fetch_add(1, Ordering::SeqCst);
    number
}

/// Asks first.
#[skill]
async fn ask(task: Task) -> Result<String, mqtt_agent::a2a::TaskUpdateError> {
    Ok(task.ask("Really?").await?.text())
}

on_each_broker! {
    async fn replicas_share_the_inbox_and_each_task_runs_once(broker) {
        let runs = Arc::new(AtomicUsize::new(0));
        let agent = Agent::new("team").skills(skills![count, ask]).state(Arc::clone(&runs));
        let one = agent.clone().instance("a").start(&broker.url()).await.unwrap();
        let two = agent.clone().instance("b").start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let agents = client.agents().window(Duration::from_millis(500)).await.unwrap();
        let inboxes: Vec<_> = agents.iter().map(|card| (card.agent_id.as_str(), card.endpoints.inbox.as_str())).collect();
        assert_eq!(inboxes, [("team-a", "a2a/v1/tasks/team/inbox"), ("team-b", "a2a/v1/tasks/team/inbox")]);

        let mut tasks = Vec::new();
        for number in 0..100_u64 {
            let task = NewTask::skill("count").data(&json!({"number": number}));
            tasks.push((number, client.delegate("team", task).await.unwrap()));
        }
        let mut workers = BTreeSet::new();
        for (number, mut task) in tasks {
            let end = soon(task.ended()).await.unwrap();
            assert_eq!(end.result, Some(json!(number)));
            workers.insert(end.from);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 100);
        assert_eq!(workers.into_iter().collect::<Vec<_>>(), ["team-a", "team-b"]);

        // Answers and cancels reach the replica that has the task.
        for _ in 0..6 {
            let task = client.delegate("team", NewTask::skill("ask")).returning::<String>();
            let mut task = task.await.unwrap();
            while soon(task.next()).await.unwrap().state != TaskState::InputRequired {}
            task.send("yes").await.unwrap();
            assert_eq!(soon(task.result()).await.unwrap(), "yes");
            let mut task = client.delegate("team", NewTask::skill("ask")).await.unwrap();
            while soon(task.next()).await.unwrap().state != TaskState::InputRequired {}
            task.cancel().await.unwrap();
            assert_eq!(soon(task.ended()).await.unwrap().status, TaskState::Canceled);
        }

        // One leaves; the other does all the work.
        one.stop().await;
        for number in 0..10_u64 {
            let task = NewTask::skill("count").data(&json!({"number": number}));
            assert_eq!(client.request("team", task).await.unwrap(), json!(number));
        }
        two.stop().await;
    }
}
