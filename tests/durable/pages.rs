//! More tasks of an earlier process than are taken into memory: the store is read on as they end, and what comes for one that
//! was not read yet finds it there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::a2a::{TaskRecord, TaskSide, TaskStore as _};
use mqtt_agent::prelude::*;
use mqtt_agent::{Limits, Running};
use serde_json::{Value, json};
use support::{FailingStore, RawPeer, eventually, json as body, on_each_broker, soon};
use tokio::sync::{Mutex, Semaphore};

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/boss/results";

/// More than are taken into memory: one that runs, and a page.
const MANY: usize = 200;

/// Says which ran, and lets a test say when they go on.
#[derive(Debug, Clone)]
struct Runs {
    begun: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
    quick: Arc<AtomicUsize>,
}

impl Runs {
    fn gated() -> Self {
        Self { begun: Arc::default(), gate: Arc::new(Semaphore::new(0)), quick: Arc::default() }
    }

    async fn begun(&self) -> Vec<String> {
        self.begun.lock().await.clone()
    }
}

/// Runs when it is let.
#[skill]
async fn work(task: Task, State(runs): State<Runs>) -> Result<Option<String>, String> {
    runs.begun.lock().await.push(task.id().to_owned());
    runs.gate.acquire().await.unwrap().forget();
    match task.id().ends_with("asks") {
        true => task.ask("Who?").await.map(|answer| Some(answer.text())).map_err(|error| error.to_string()),
        false => Ok(None),
    }
}

/// Runs at once.
#[skill]
async fn quick(State(runs): State<Runs>) {
    runs.quick.fetch_add(1, Ordering::SeqCst);
}

fn given(id: &str, kind: &str) -> Value {
    json!({
        "task_id": id, "from": "boss", "type": kind, "status": "submitted",
        "messages": [{"role": "user", "content": "do it", "timestamp": "2026-01-01T00:00:00Z"}],
    })
}

fn record(task: Value) -> TaskRecord {
    let mut record = TaskRecord::new(serde_json::from_value(task).unwrap());
    record.reply_topic = Some(RESULTS.to_owned());
    record.updates = true;
    record
}

async fn keep(store: &FailingStore, record: TaskRecord) {
    store.insert(TaskSide::Executor, record).await.unwrap();
}

/// A store with so many tasks for `work`, `t-0` and on.
async fn left(count: usize) -> FailingStore {
    left_for("work", count).await
}

async fn left_for(skill: &str, count: usize) -> FailingStore {
    let store = FailingStore::default();
    for number in 0..count {
        keep(&store, record(given(&format!("t-{number}"), skill))).await;
    }
    store
}

/// Works on one task at a time, and takes no new one: those that were left are more than may be in hand.
async fn worker(url: &str, store: &FailingStore, runs: &Runs) -> Running {
    let limits = Limits::default().with_tasks(1).with_task_queue(10).with_grace(Duration::ZERO);
    let agent = Agent::new("worker").skills(skills![work, quick]).state(runs.clone());
    agent.limits(limits).store(store.clone()).start(url).await.unwrap()
}

/// Works on other skills while `one_by_one` has more tasks than are taken into memory.
async fn busy_worker(url: &str, store: &FailingStore, runs: &Runs) -> Running {
    let limits = Limits::default().with_tasks(8).with_grace(Duration::ZERO);
    let agent = Agent::new("worker").skills(skills![one_by_one, quick]).state(runs.clone()).limits(limits);
    agent.store(store.clone()).start(url).await.unwrap()
}

/// A new task that runs at once.
fn new(id: &str) -> (String, String) {
    let task = json!({"task_id": id, "from": "boss", "type": "quick", "prompt": "do it"});
    (INBOX.to_owned(), task.to_string())
}

/// The peer that gave the tasks.
async fn boss(url: &str) -> RawPeer {
    let mut peer = RawPeer::connect(url, "boss").await;
    peer.subscribe(RESULTS).await;
    peer
}

/// The next end of a task.
async fn end(peer: &mut RawPeer) -> Value {
    loop {
        let result = body(&peer.next(RESULTS).await);
        if ["completed", "failed", "canceled", "rejected"].contains(&result["status"].as_str().unwrap()) {
            return result;
        }
    }
}

/// How so many tasks end, in any order.
async fn ends(peer: &mut RawPeer, count: usize) -> BTreeMap<String, Value> {
    let mut ends = BTreeMap::new();
    while ends.len() < count {
        let mut end = end(peer).await;
        ends.insert(end["task_id"].as_str().unwrap().to_owned(), end["status"].take());
    }
    ends
}

/// The end of this one.
async fn end_of(peer: &mut RawPeer, id: &str) -> Value {
    loop {
        let result = end(peer).await;
        if result["task_id"] == id {
            return result;
        }
    }
}

fn about(id: &str, intent: &str) -> String {
    let messages = json!([{"role": "user", "content": "Ada", "timestamp": "2026-01-01T00:00:02Z"}]);
    json!({"task_id": id, "from": "boss", "intent": intent, "messages": messages}).to_string()
}

const EVES: &str = "a2a/v1/tasks/eve/results";

/// Another sender, who gives a task under an id that is not hers.
async fn eve_asks(url: &str, id: &str, kind: &str) -> RawPeer {
    let mut eve = RawPeer::connect(url, "eve").await;
    eve.subscribe(EVES).await;
    let task = json!({"task_id": id, "from": "eve", "type": kind, "prompt": "do it"}).to_string();
    eve.publish(INBOX, task, Default::default()).await;
    eve
}

/// She is told that the id is taken.
async fn is_taken(mut eve: RawPeer) {
    let rejected = body(&eve.next(EVES).await);
    assert_eq!((&rejected["status"], &rejected["error"]["code"]), (&json!("rejected"), &json!("id_taken")));
}

on_each_broker! {
    async fn all_that_was_left_runs_once(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        runs.gate.add_permits(MANY);
        let mut ended: Vec<_> = Vec::new();
        for _ in 0..MANY {
            ended.push(end(&mut peer).await["task_id"].as_str().unwrap().to_owned());
        }
        let mut begun = runs.begun().await;
        begun.sort();
        ended.sort();
        let mut all: Vec<_> = (0..MANY).map(|number| format!("t-{number}")).collect();
        all.sort();
        assert_eq!((begun, ended), (all.clone(), all));
        agent.stop().await;
    }

    async fn a_task_that_is_not_read_yet_is_cancelled_at_once(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        let last = format!("t-{}", MANY - 1);
        // Of somebody else it is not.
        let foreign = json!({"task_id": "t-150", "from": "eve", "intent": "cancel"}).to_string();
        peer.publish(INBOX, foreign, Default::default()).await;
        peer.publish(INBOX, about(&last, "cancel"), Default::default()).await;
        assert_eq!(end_of(&mut peer, &last).await["status"], "canceled");
        runs.gate.add_permits(MANY);
        assert_eq!(ends(&mut peer, MANY - 1).await["t-150"], "completed");
        assert_eq!(runs.begun().await.len(), MANY - 1);
        agent.stop().await;
    }

    async fn a2a_14_a_task_that_comes_again_before_it_is_read_is_acknowledged_and_runs_once(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        let last = format!("t-{}", MANY - 1);
        for _ in 0..2 {
            let task = json!({"task_id": last, "from": "boss", "type": "work", "prompt": "do it"}).to_string();
            peer.publish(INBOX, task, Default::default()).await;
        }
        let bare = json!({"task_id": last, "from": "boss"}).to_string();
        peer.publish(INBOX, bare, Default::default()).await;
        // One of another sender's is none of them.
        let eve = eve_asks(&broker.url(), &last, "work").await;
        is_taken(eve).await;
        runs.gate.add_permits(MANY);
        assert_eq!(end_of(&mut peer, &last).await["status"], "completed");
        assert_eq!(runs.begun().await.iter().filter(|id| **id == last).count(), 1);
        agent.stop().await;
    }

    async fn a_cancel_of_a_task_that_cannot_be_read_holds_back_nothing_else_for_long(broker) {
        let (store, runs) = (left_for("one_by_one", MANY).await, Runs::gated());
        let mut peer = boss(&broker.url()).await;
        let agent = busy_worker(&broker.url(), &store, &runs).await;
        let last = format!("t-{}", MANY - 1);
        store.fail_gets(true);
        peer.publish(INBOX, about(&last, "cancel"), Default::default()).await;
        // More than the broker sends without acknowledgements.
        let count = 300;
        peer.publish_all((0..count).map(|number| new(&format!("new-{number}")))).await;
        soon(ends(&mut peer, count)).await;
        store.fail_gets(false);
        assert_eq!(end_of(&mut peer, &last).await["status"], "canceled");
        agent.stop().await;
    }

    async fn a2a_14_tasks_that_come_again_and_cannot_be_read_hold_back_nothing_else(broker) {
        let (store, runs) = (left_for("one_by_one", MANY).await, Runs::gated());
        let mut peer = boss(&broker.url()).await;
        let agent = busy_worker(&broker.url(), &store, &runs).await;
        let last = format!("t-{}", MANY - 1);
        store.fail_gets(true);
        let bare = json!({"task_id": last, "from": "boss", "updates": true}).to_string();
        peer.publish_all((0..300).map(|_| (INBOX.to_owned(), bare.clone()))).await;
        let eve = eve_asks(&broker.url(), &last, "one_by_one").await;
        peer.publish_all([new("new")]).await;
        // Sooner than an acknowledgement is let go.
        let ended = tokio::time::timeout(Duration::from_secs(8), end_of(&mut peer, "new")).await;
        assert_eq!(ended.expect("nothing waits")["status"], "completed");
        store.fail_gets(false);
        is_taken(eve).await;
        loop {
            let told = body(&peer.next(RESULTS).await);
            if told["task_id"] == last {
                assert_eq!(told["status"], "submitted", "{told}");
                break;
            }
        }
        agent.stop().await;
    }

    async fn a2a_6_who_asks_where_a_task_is_that_is_not_read_yet_is_told(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        let last = format!("t-{}", MANY - 1);
        let mut seqs = Vec::new();
        for _ in 0..2 {
            let bare = json!({"task_id": last, "from": "boss", "updates": true}).to_string();
            peer.publish(INBOX, bare, Default::default()).await;
            let told = loop {
                let told = body(&peer.next(RESULTS).await);
                if told["task_id"] == last {
                    break told;
                }
            };
            assert_eq!(told["status"], "submitted", "{told}");
            seqs.push(told["seq"].as_u64().unwrap());
        }
        runs.gate.add_permits(MANY);
        loop {
            let told = body(&peer.next(RESULTS).await);
            if told["task_id"] == last {
                // What is told later is not taken for older.
                assert!(seqs.iter().all(|seq| *seq < told["seq"].as_u64().unwrap()), "{seqs:?} {told}");
                break;
            }
        }
        agent.stop().await;
    }

    async fn a2a_12_an_answer_for_a_task_that_is_not_read_yet_is_there_when_it_asks(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let mut asks = given("last-asks", "work");
        asks["status"] = json!("input-required");
        asks["messages"] = json!([asks["messages"][0], {"role": "agent", "content": "Who?", "timestamp": "2026-01-01T00:00:01Z"}]);
        keep(&store, record(asks)).await;
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        peer.publish(INBOX, about("last-asks", "message"), Default::default()).await;
        eventually("the answer is stored", || async {
            let kept = store.kept(TaskSide::Executor, "last-asks").await.unwrap();
            (kept.task.messages.len() == 3).then_some(())
        })
        .await;
        runs.gate.add_permits(MANY + 1);
        let end = end_of(&mut peer, "last-asks").await;
        assert_eq!((&end["status"], &end["result"]), (&json!("completed"), &json!("Ada")));
        agent.stop().await;
    }

    async fn a_task_whose_deadline_passes_before_it_is_read_fails_then(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let mut late = record(given("late", "work"));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        late.deadline_ms = Some(now.as_millis() as i64 + 1500);
        keep(&store, late).await;
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        let end = end_of(&mut peer, "late").await;
        assert_eq!((&end["status"], &end["error"]["type"]), (&json!("failed"), &json!("timeout")), "{end}");
        agent.stop().await;
    }

    async fn tasks_of_one_skill_that_are_not_read_yet_hold_back_none_of_another(broker) {
        let (store, runs) = (left_for("one_by_one", MANY).await, Runs::gated());
        keep(&store, record(given("quick", "quick"))).await;
        let mut peer = boss(&broker.url()).await;
        let agent = busy_worker(&broker.url(), &store, &runs).await;
        assert_eq!(end_of(&mut peer, "quick").await["status"], "completed");
        assert_eq!(runs.quick.load(Ordering::SeqCst), 1);
        agent.stop().await;
    }

    async fn a_store_that_fails_while_it_is_read_on_is_read_again(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        store.fail_opens(true);
        runs.gate.add_permits(MANY);
        eventually("the store was tried", || async { (store.failed() >= 2).then_some(()) }).await;
        store.fail_opens(false);
        ends(&mut peer, MANY).await;
        assert_eq!(runs.begun().await.len(), MANY);
        agent.stop().await;
    }

    async fn what_was_not_read_when_an_agent_stops_is_there_at_its_next_start(broker) {
        let (store, runs) = (left(MANY).await, Runs::gated());
        let agent = worker(&broker.url(), &store, &runs).await;
        soon(agent.stop()).await;
        runs.gate.add_permits(MANY + 1);
        let mut peer = boss(&broker.url()).await;
        let agent = worker(&broker.url(), &store, &runs).await;
        ends(&mut peer, MANY).await;
        for number in 0..MANY {
            let kept = store.kept(TaskSide::Executor, &format!("t-{number}")).await.unwrap();
            assert!(kept.task.status.is_terminal(), "{kept:?}");
        }
        agent.stop().await;
    }
}

/// As `work`, of its own places.
#[skill(concurrency = 1)]
async fn one_by_one(State(runs): State<Runs>) {
    runs.gate.acquire().await.unwrap().forget();
}
