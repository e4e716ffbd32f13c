//! What an agent has acknowledged, and what it says of tasks that it knows already, while its store or its process fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mqtt_agent::Limits;
use mqtt_agent::a2a::{TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use serde_json::{Value, json};
use support::{FailingStore, Failure, RawPeer, eventually, json, on_each_broker, reply_to, soon};

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/ann/results";

#[derive(Debug, Clone, Default)]
struct Begun(Arc<AtomicUsize>);

impl Begun {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Runs until it is cancelled.
#[skill]
async fn wait(State(begun): State<Begun>) -> usize {
    begun.0.fetch_add(1, Ordering::SeqCst);
    std::future::pending().await
}

/// Is done at once.
#[skill]
async fn quick(State(begun): State<Begun>) -> usize {
    begun.0.fetch_add(1, Ordering::SeqCst) + 1
}

/// Asks for a name.
#[skill]
async fn greet_surely(
    State(begun): State<Begun>,
    task: Task,
) -> Result<String, mqtt_agent::a2a::TaskUpdateError> {
    begun.0.fetch_add(1, Ordering::SeqCst);
    let name = task.ask("Who?").await?.text();
    task.ask("Sure?").await?;
    Ok(format!("hello {name}"))
}

/// Asks once, and says that it has the answer.
#[skill]
async fn hear(State(begun): State<Begun>, task: Task) -> Result<(), mqtt_agent::a2a::TaskUpdateError> {
    task.ask("Who?").await?;
    begun.0.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

fn worker(store: &FailingStore, begun: &Begun) -> Agent {
    Agent::new("worker")
        .skills(skills![wait, quick, greet_surely, hear])
        .state(begun.clone())
        .store(store.clone())
}

fn task(id: &str, kind: &str) -> String {
    json!({"task_id": id, "from": "ann", "type": kind, "prompt": "", "updates": true}).to_string()
}

fn about(id: &str, intent: &str, more: &Value) -> String {
    let mut message = json!({"task_id": id, "from": "ann", "intent": intent});
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message.to_string()
}

/// The next message about a task in some state.
async fn in_state(peer: &mut RawPeer, state: &str) -> Value {
    loop {
        let told = json(&peer.next(RESULTS).await);
        if told["status"] == state {
            return told;
        }
    }
}

/// What the next process finds in a store. The one before, whose tasks may not have noticed yet that it is dead, does not
/// write there.
async fn left_in(store: &FailingStore) -> FailingStore {
    let next = FailingStore::default();
    for record in store.open(TaskSide::Executor, None, 1000).await.unwrap() {
        next.insert(TaskSide::Executor, record).await.unwrap();
    }
    next
}

async fn tried(store: &FailingStore, count: usize) {
    eventually("the store was tried", || async { (store.failed() >= count).then_some(()) }).await;
}

on_each_broker! {
    async fn a_cancel_that_the_store_did_not_take_comes_again_to_the_next_process(broker) {
        let (store, begun) = (FailingStore::default(), Begun::default());
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe(RESULTS).await;
        peer.publish(INBOX, task("t", "wait"), Default::default()).await;
        in_state(&mut peer, "working").await;
        eventually("it runs", || async { (begun.count() == 1).then_some(()) }).await;
        store.fail_updates(true);
        peer.publish(INBOX, about("t", "cancel", &json!({})), Default::default()).await;
        // The cancel, and the end that it makes.
        tried(&store, 3).await;
        // The process dies.
        drop(agent);
        let store = left_in(&store).await;
        assert!(!store.kept(TaskSide::Executor, "t").await.unwrap().canceled);
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        in_state(&mut peer, "canceled").await;
        agent.stop().await;
    }

    async fn an_answer_reaches_its_handler_while_the_store_stalls(broker) {
        let (store, begun) = (FailingStore::default(), Begun::default());
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe(RESULTS).await;
        peer.publish(INBOX, task("t", "hear"), Default::default()).await;
        in_state(&mut peer, "input-required").await;
        store.fail_with(Failure::Stall);
        store.fail_updates(true);
        let answer = json!({"messages": [{"role": "user", "content": "Ada", "timestamp": "2026-01-01T00:00:01Z"}]});
        peer.publish(INBOX, about("t", "message", &answer), Default::default()).await;
        eventually("the handler goes on", || async { (begun.count() == 1).then_some(()) }).await;
        store.fail_updates(false);
        in_state(&mut peer, "completed").await;
        let kept = store.kept(TaskSide::Executor, "t").await.unwrap();
        assert!(kept.task.messages.iter().any(|message| message.text() == "Ada"), "{kept:?}");
        agent.stop().await;
    }

    async fn an_answer_that_the_store_did_not_take_comes_again_to_the_next_process(broker) {
        let (store, begun) = (FailingStore::default(), Begun::default());
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe(RESULTS).await;
        peer.publish(INBOX, task("t", "greet_surely"), Default::default()).await;
        in_state(&mut peer, "input-required").await;
        store.fail_updates(true);
        let answer = json!({"messages": [{"role": "user", "content": "Ada", "timestamp": "2026-01-01T00:00:00Z"}]});
        peer.publish(INBOX, about("t", "message", &answer), Default::default()).await;
        tried(&store, 2).await;
        drop(agent);
        let store = left_in(&store).await;
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        // The first question has its answer, so that the second one is asked.
        loop {
            let asked = in_state(&mut peer, "input-required").await;
            if asked["message"].to_string().contains("Sure?") {
                break;
            }
        }
        let sure = json!({"messages": [{"role": "user", "content": "yes", "timestamp": "2026-01-01T00:00:01Z"}]});
        peer.publish(INBOX, about("t", "message", &sure), Default::default()).await;
        assert_eq!(in_state(&mut peer, "completed").await["result"], "hello Ada");
        agent.stop().await;
    }

    async fn a_task_that_ended_has_its_end_though_its_skill_is_gone_since(broker) {
        let (store, begun) = (FailingStore::default(), Begun::default());
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe(RESULTS).await;
        peer.publish(INBOX, task("t", "quick"), Default::default()).await;
        assert_eq!(in_state(&mut peer, "completed").await["result"], 1);
        eventually("it is settled", || async {
            store.kept(TaskSide::Executor, "t").await.filter(|record| record.settled)
        })
        .await;
        agent.stop().await;
        let agent = Agent::new("worker").skills(skills![wait, greet_surely]).state(begun.clone()).store(store.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        peer.publish(INBOX, task("t", "quick"), Default::default()).await;
        let again = json(&peer.next(RESULTS).await);
        assert_eq!((&again["status"], &again["result"]), (&json!("completed"), &json!(1)));
        // A message that cannot be read ends no task that is known either.
        peer.publish(INBOX, "{", reply_to(RESULTS, b"t")).await;
        peer.publish(INBOX, task("new", "quick"), Default::default()).await;
        let next = json(&peer.next(RESULTS).await);
        assert_eq!((&next["task_id"], &next["status"]), (&json!("new"), &json!("rejected")));
        agent.stop().await;
    }

    async fn a_task_that_was_rejected_because_the_store_failed_is_rejected_again_until_it_works(broker) {
        let (store, begun) = (FailingStore::default(), Begun::default());
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe(RESULTS).await;
        store.fail_inserts(true);
        for _ in 0..2 {
            peer.publish(INBOX, task("t", "quick"), Default::default()).await;
            let rejected = in_state(&mut peer, "rejected").await;
            assert_eq!(rejected["error"]["code"], "store");
        }
        store.fail_inserts(false);
        // The store has none of it, so it is a new task, once the last rejection has reached the broker: until then it is
        // rejected with that one.
        let ended = async {
            loop {
                peer.publish(INBOX, task("t", "quick"), Default::default()).await;
                loop {
                    match json(&peer.next(RESULTS).await)["status"].as_str() {
                        Some("rejected") => break,
                        Some("completed") => return,
                        _ => {}
                    }
                }
            }
        };
        soon(ended).await;
        agent.stop().await;
    }

    async fn tasks_that_were_rejected_because_the_store_failed_take_no_places(broker) {
        let (store, begun) = (FailingStore::default(), Begun::default());
        // Each has a place until the store failed once more, a moment after its rejection.
        let limits = Limits::default().with_task_queue(64);
        let agent = worker(&store, &begun).limits(limits).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe(RESULTS).await;
        store.fail_inserts(true);
        store.fail_gets(true);
        // More than may be in hand beside the tasks: most of them are given up.
        for number in 0..1100 {
            peer.publish(INBOX, task(&format!("t-{number}"), "quick"), Default::default()).await;
            assert_eq!(in_state(&mut peer, "rejected").await["error"]["code"], "store", "t-{number}");
        }
        agent.stop().await;
    }

    async fn a2a_13_updates_of_a_process_that_dies_at_once_have_numbers_of_their_own(broker) {
        let (store, begun) = (FailingStore::default(), Begun::default());
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe(RESULTS).await;
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        peer.publish(INBOX, task("t", "wait"), Default::default()).await;
        in_state(&mut peer, "working").await;
        drop(agent);
        // Takes it up, and does not get to begin.
        let store = left_in(&store).await;
        store.fail_updates(true);
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        tried(&store, 1).await;
        peer.publish(INBOX, task("t", "wait"), Default::default()).await;
        tried(&store, 2).await;
        drop(agent);
        let store = left_in(&store).await;
        let agent = worker(&store, &begun).start(&broker.url()).await.unwrap();
        let mut numbers = Vec::new();
        loop {
            let told = json(&peer.next(RESULTS).await);
            numbers.push(told["seq"].as_u64().unwrap());
            if told["status"] == "working" {
                break;
            }
        }
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        agent.stop().await;
    }
}
