//! A store that is far away: what comes while it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::Limits;
use mqtt_agent::a2a::{Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use serde_json::{Value, json};
use support::{FailingStore, RawPeer, TestBroker, eventually, json, soon};
use tokio::sync::watch;

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

/// Holds an answer back until a test lets it go.
#[derive(Debug, Clone)]
struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(true))
    }
}

impl Gate {
    fn shut(&self) {
        self.0.send_replace(false);
    }

    fn open(&self) {
        self.0.send_replace(true);
    }

    fn is_shut(&self) -> bool {
        !*self.0.borrow()
    }

    async fn passed(&self) {
        self.0.subscribe().wait_for(|open| *open).await.unwrap();
    }
}

/// A store over a network: inserts and the second answer to `get` are late where a test says so. Then the first
/// answer waits until the second is asked for, so that both are under way at once.
#[derive(Debug, Clone, Default)]
struct Far {
    store: FailingStore,
    gets: watch::Sender<usize>,
    second_get: Gate,
    inserts: Gate,
}

impl TaskStore for Far {
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        Box::pin(async move {
            let done = self.store.insert(side, record).await;
            self.inserts.passed().await;
            done
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        Box::pin(async move {
            let got = self.store.get(side, task_id).await;
            let mut asked = 0;
            self.gets.send_modify(|gets| {
                *gets += 1;
                asked = *gets;
            });
            match asked {
                1 if self.second_get.is_shut() => self.asked_for(2).await,
                2 => self.second_get.passed().await,
                _ => {}
            }
            got
        })
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
        self.store.open(side, after, limit)
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        self.store.prune(retention)
    }
}

impl Far {
    /// Waits until `get` was called so many times.
    async fn asked_for(&self, gets: usize) {
        self.gets.subscribe().wait_for(|asked| *asked >= gets).await.unwrap();
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
    store.inserts.shut();
    let client = Client::builder().store(store.clone()).connect(&broker.url()).await.unwrap();
    let dropped = std::future::IntoFuture::into_future(client.delegate("worker", "dropped"));
    let open = || async { store.open(TaskSide::Delegator, None, 10).await.unwrap() };
    tokio::select! {
        _ = dropped => panic!("nobody ran it"),
        () = eventually("it is in the store", || async { (!open().await.is_empty()).then_some(()) }) => {}
    }
    store.inserts.open();
    eventually("nothing is left", || async { open().await.is_empty().then_some(()) }).await;
    client.close().await;
}

/// What an agent left behind that died before its task began. It was on a broker of its own: nothing of it comes again.
async fn left_open(store: &FailingStore) -> Vec<TaskRecord> {
    let broker = TestBroker::embedded().await;
    let before = Begun::default();
    let agent = worker(store.clone(), &before).limits(Limits::default().with_tasks(1));
    let agent = agent.start(&broker.url()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "ann").await;
    peer.publish(INBOX, task("has the turn", "far_wait"), Default::default()).await;
    eventually("it runs", || async { (before.0.load(Ordering::SeqCst) == 1).then_some(()) }).await;
    peer.publish(INBOX, task("t", "far_quick"), Default::default()).await;
    eventually("it waits", || async { store.kept(TaskSide::Executor, "t").await }).await;
    drop(agent);
    let mut left = store.open(TaskSide::Executor, None, 10).await.unwrap();
    left.retain(|record| record.task.task_id.as_str() == "t");
    assert_eq!((left.len(), before.0.load(Ordering::SeqCst)), (1, 1));
    left
}

/// A task that is open in the store and in nobody's hands is asked for twice at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adopted_task_runs_once() {
    let (failing, begun) = (FailingStore::default(), Begun::default());
    let left = left_open(&failing).await;
    let broker = TestBroker::embedded().await;
    let store = Far::default();
    store.second_get.shut();
    let agent = worker(store.clone(), &begun).start(&broker.url()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "ann").await;
    peer.subscribe(RESULTS).await;
    for record in left {
        store.store.insert(TaskSide::Executor, record).await.unwrap();
    }
    for _ in 0..2 {
        peer.publish(INBOX, json!({"task_id": "t", "from": "ann"}).to_string(), Default::default()).await;
    }
    in_state(&mut peer, "completed").await;
    let kept = || async { store.store.get(TaskSide::Executor, "t").await.unwrap().unwrap() };
    eventually("its result has arrived", || async { kept().await.settled.then_some(()) }).await;
    // By the second answer nobody has the task. It is looked up again before it is run.
    store.second_get.open();
    soon(store.asked_for(4)).await;
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
    store.inserts.shut();
    peer.publish(INBOX, task("t", "far_quick"), Default::default()).await;
    let cancel = json!({"task_id": "t", "from": "ann", "intent": "cancel"}).to_string();
    peer.publish(INBOX, cancel, Default::default()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    store.inserts.open();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let after = format!("{:?}", *agent.connection().borrow());
    agent.stop().await;
    assert_eq!(before, after, "the connection was renewed");
}
