//! Tasks that come when an agent can't take them at once: while it starts, while its store is slow, while it stops.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_agent::Limits;
use mqtt_agent::a2a::{MemoryStore, NewTask, Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use support::fake_broker::Packet;
use support::{FakeBroker, Knobs, RawPeer, eventually, json as body, on_each_broker, soon};
use tokio::sync::{Semaphore, watch};

/// A store in memory that says so, whose operations take as long as a test wants.
#[derive(Debug)]
struct SlowStore {
    store: MemoryStore,
    /// How long it takes to read what an earlier process left.
    open: Duration,
    /// Open tasks are inserted as long as it is true.
    inserts: watch::Receiver<bool>,
}

impl SlowStore {
    fn opens_after(open: Duration) -> Self {
        Self { store: MemoryStore::new(), open, inserts: watch::channel(true).1 }
    }
}

impl TaskStore for SlowStore {
    fn is_durable(&self) -> bool {
        false
    }

    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        let mut inserts = self.inserts.clone();
        Box::pin(async move {
            let _ = inserts.wait_for(|inserts| *inserts).await;
            self.store.insert(side, record).await
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        self.store.get(side, task_id)
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        self.store.update(side, record)
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        Box::pin(async move {
            tokio::time::sleep(self.open).await;
            self.store.open(side, after, limit).await
        })
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        self.store.prune(retention)
    }
}

/// Repeats what it is told.
#[skill]
async fn repeat(task: Task) -> String {
    task.text().to_string()
}

/// Goes on when it is let go.
#[skill]
async fn held(State(gate): State<Arc<Semaphore>>) -> Result<String, String> {
    gate.acquire().await.map_err(|error| error.to_string())?.forget();
    Ok("let go".to_owned())
}

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/peer/results";

fn task(id: &str, skill: &str) -> String {
    json!({"task_id": id, "from": "peer", "to": "worker", "type": skill, "prompt": id}).to_string()
}

on_each_broker! {
    async fn tasks_that_wait_while_an_agent_starts_slowly_are_all_taken(broker) {
        const TASKS: usize = 300;
        let agent = Agent::new("worker").skills(skills![repeat]);
        soon(agent.clone().start(&broker.url())).await.unwrap().stop().await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        peer.publish_all((0..TASKS).map(|number| (INBOX.to_owned(), task(&format!("t-{number}"), "repeat")))).await;
        let began = Instant::now();
        let agent = agent.store(SlowStore::opens_after(Duration::from_secs(12)));
        let running = tokio::time::timeout(Duration::from_secs(40), agent.start(&broker.url())).await.unwrap().unwrap();
        assert!(began.elapsed() >= Duration::from_secs(12));
        let mut done = HashSet::new();
        while done.len() < TASKS {
            let result = body(&peer.next(RESULTS).await);
            assert_eq!((&result["status"], &result["result"]), (&json!("completed"), &result["task_id"]));
            done.insert(result["task_id"].as_str().unwrap().to_owned());
        }
        running.stop().await;
    }

    async fn a2a_15_a_task_that_comes_while_an_agent_stops_holds_nobody_up_and_waits_for_the_next_start(broker) {
        const GRACE: Duration = Duration::from_secs(2);
        let gate = Arc::new(Semaphore::new(0));
        let limits = Limits::default().with_grace(GRACE);
        let agent = Agent::new("worker").skills(skills![repeat, held]).state(Arc::clone(&gate)).limits(limits);
        let running = agent.clone().start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        // It holds the stop until its grace is over.
        let mut begun = client.delegate("worker", NewTask::skill("held")).await.unwrap();
        soon(begun.next()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        let began = Instant::now();
        let stopping = tokio::spawn(running.stop());
        tokio::time::sleep(GRACE / 4).await;
        peer.publish_all((0..20).map(|number| (INBOX.to_owned(), task(&format!("t-{number}"), "repeat")))).await;
        assert!(!stopping.is_finished(), "they came while it stopped");
        soon(stopping).await.unwrap();
        let took = began.elapsed();
        assert!(took < GRACE + Duration::from_secs(2), "a stop with a grace of {GRACE:?} took {took:?}");
        assert!(peer.next_within(RESULTS, Duration::from_millis(300)).await.is_none());
        let running = agent.start(&broker.url()).await.unwrap();
        let mut done = HashSet::new();
        while done.len() < 20 {
            let result = body(&peer.next(RESULTS).await);
            assert_eq!((&result["status"], &result["result"]), (&json!("completed"), &result["task_id"]));
            done.insert(result["task_id"].as_str().unwrap().to_owned());
        }
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_14_a_task_is_acknowledged_when_its_record_is_stored_and_its_repetition_not_before() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (inserts, allowed) = watch::channel(false);
    let store = SlowStore { store: MemoryStore::new(), open: Duration::ZERO, inserts: allowed };
    let gate = Arc::new(Semaphore::new(0));
    /// Another one, so that none is the default.
    #[skill]
    async fn not_held() {}
    let agent = Agent::new("worker").skills(skills![held, not_held]).state(gate).store(store);
    let limits = Limits::default().with_grace(Duration::from_millis(100));
    let running = agent.limits(limits).start(&broker.url()).await.unwrap();
    let acknowledged = || broker.seen().count(|event| matches!(event.packet, Packet::PubAck { .. }));
    let before = acknowledged();
    broker.publish(INBOX, task("t", "held"));
    broker.publish(INBOX, task("t", "held"));
    // It comes behind them, and tells that they are taken in hand: its refusal is published.
    broker.publish(INBOX, task("u", "unheard_of").replace("peer", "other"));
    broker.seen().publish(1, "a2a/v1/tasks/other/results").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(acknowledged(), before, "nothing is stored yet");
    inserts.send_replace(true);
    eventually("all three are acknowledged", || async { (acknowledged() == before + 3).then_some(()) }).await;
    running.stop().await;
}
