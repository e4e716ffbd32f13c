//! A store that is far away: what comes while it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::a2a::{Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use serde_json::{Value, json};
use support::{FailingStore, RawPeer, TestBroker, eventually, json};

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/ann/results";

#[derive(Debug, Clone, Default)]
struct Begun(Arc<AtomicUsize>);

/// Does it.
#[skill]
async fn far_quick(State(begun): State<Begun>) -> usize {
    begun.0.fetch_add(1, Ordering::SeqCst) + 1
}

/// Does it.
#[skill]
async fn far_wait(State(begun): State<Begun>) -> usize {
    begun.0.fetch_add(1, Ordering::SeqCst);
    std::future::pending().await
}

/// A store over a network: inserts take 200 ms where a test says so, and the second answer to `get` is late.
#[derive(Debug, Clone, Default)]
struct Far {
    store: FailingStore,
    gets: Arc<AtomicUsize>,
    slow_inserts: Arc<AtomicBool>,
    stall: Arc<AtomicBool>,
}

impl TaskStore for Far {
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        Box::pin(async move {
            let done = self.store.insert(side, record).await;
            if self.slow_inserts.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            done
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        Box::pin(async move {
            let got = self.store.get(side, task_id).await;
            if self.gets.fetch_add(1, Ordering::SeqCst) == 1 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            } else {
                // Both are under way at once.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            got
        })
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            if self.stall.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            self.store.update(side, record).await
        })
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        self.store.open(side, after, limit)
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        self.store.prune(retention)
    }
}

fn worker(store: impl TaskStore + 'static, begun: &Begun) -> Agent {
    Agent::new("worker").skills(skills![far_quick, far_wait]).state(begun.clone()).store(store)
}

fn task(id: &str, kind: &str) -> String {
    json!({"task_id": id, "from": "ann", "type": kind, "prompt": "", "updates": true}).to_string()
}

async fn in_state(peer: &mut RawPeer, state: &str) -> Value {
    loop {
        let told = json(&peer.next(RESULTS).await);
        if told["status"] == state {
            return told;
        }
    }
}

/// Nobody waits until the store has said that it has a task.
#[tokio::test]
async fn a_task_that_is_dropped_while_the_store_inserts_it_is_left_to_no_later_process() {
    let (broker, store) = (TestBroker::embedded().await, Far::default());
    store.slow_inserts.store(true, Ordering::SeqCst);
    let client = Client::builder().store(store.clone()).connect(&broker.url()).await.unwrap();
    let dropped = std::future::IntoFuture::into_future(client.delegate("worker", "dropped"));
    tokio::time::timeout(Duration::from_millis(100), dropped).await.unwrap_err();
    let open = || async { store.open(TaskSide::Delegator, None, 10).await.unwrap() };
    eventually("nothing is left", || async { open().await.is_empty().then_some(()) }).await;
    client.close().await;
}

/// A task that is open in the store and in nobody's hands is asked for twice at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adopted_task_runs_once() {
    let broker = TestBroker::embedded().await;
    let (failing, begun) = (FailingStore::default(), Begun::default());
    let agent = worker(failing.clone(), &begun).start(&broker.url()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "ann").await;
    peer.subscribe(RESULTS).await;
    failing.fail_updates(true);
    peer.publish(INBOX, task("t", "far_quick"), Default::default()).await;
    eventually("it is to begin", || async { (failing.failed() > 0).then_some(()) }).await;
    drop(agent);
    let left = failing.open(TaskSide::Executor, None, 10).await.unwrap();
    assert_eq!((left.len(), begun.0.load(Ordering::SeqCst)), (1, 0));
    let store = Far::default();
    let agent = worker(store.clone(), &begun).start(&broker.url()).await.unwrap();
    for record in left {
        store.store.insert(TaskSide::Executor, record).await.unwrap();
    }
    for _ in 0..2 {
        peer.publish(INBOX, json!({"task_id": "t", "from": "ann"}).to_string(), Default::default()).await;
    }
    in_state(&mut peer, "completed").await;
    // The second answer is late.
    eventually("both were looked up", || async { (store.gets.load(Ordering::SeqCst) >= 4).then_some(()) })
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    agent.stop().await;
    assert_eq!(begun.0.load(Ordering::SeqCst), 1, "a task that has ended ran again");
}

/// A task that has ended comes again, with a cancel behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_of_a_task_that_comes_again_ends_no_connection() {
    let broker = TestBroker::embedded().await;
    let (store, begun) = (Far::default(), Begun::default());
    let agent = worker(store.clone(), &begun).start(&broker.url()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "ann").await;
    peer.subscribe(RESULTS).await;
    peer.publish(INBOX, task("t", "far_quick"), Default::default()).await;
    in_state(&mut peer, "completed").await;
    let before = format!("{:?}", *agent.connection().borrow());
    store.slow_inserts.store(true, Ordering::SeqCst);
    peer.publish(INBOX, task("t", "far_quick"), Default::default()).await;
    let cancel = json!({"task_id": "t", "from": "ann", "intent": "cancel"}).to_string();
    peer.publish(INBOX, cancel, Default::default()).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    let after = format!("{:?}", *agent.connection().borrow());
    agent.stop().await;
    assert_eq!(before, after, "the connection was renewed");
}
