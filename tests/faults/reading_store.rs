//! A task store that cannot be read or pruned: at the start, when a known task comes again, and while the agent serves.

use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask, StoreError, TaskSide};
use mqtt_agent::prelude::*;
use serde_json::json;
use support::{FailingStore, Failure, Log, RawPeer, eventually, json as body, on_each_broker, soon};

const INBOX: &str = "a2a/v1/tasks/worker/inbox";
const RESULTS: &str = "a2a/v1/tasks/boss/results";

/// Is done at once.
#[skill]
async fn done() -> u8 {
    7
}

fn worker(store: &FailingStore) -> Agent {
    Agent::new("worker").skills(skills![done]).store(store.clone())
}

fn task(id: &str) -> String {
    json!({"task_id": id, "from": "boss", "type": "done", "prompt": ""}).to_string()
}

async fn boss(url: &str) -> RawPeer {
    let mut peer = RawPeer::connect(url, "boss").await;
    peer.subscribe(RESULTS).await;
    peer
}

/// What this thread logs, as long as the guard is held.
fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    (log, tracing::subscriber::set_default(subscriber.finish()))
}

on_each_broker! {
    async fn a_delegated_task_of_an_earlier_process_goes_on_when_its_store_can_be_read_again(broker) {
        let store = FailingStore::default();
        let boss = async || {
            // Its session ends with it, so that the next process sends the task again.
            let options = ConnectOptions::new(broker.url()).id("boss").session_expiry(Duration::ZERO);
            Client::builder().store(store.clone()).connect(options).await.unwrap()
        };
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe(INBOX).await;
        let client = boss().await;
        let id = client.delegate("worker", "work").await.unwrap().id().to_owned();
        worker.next(INBOX).await;
        client.close().await;

        store.fail_gets(true);
        let client = boss().await;
        eventually("the task was to be sent", || async { (store.failed() >= 1).then_some(()) }).await;
        store.fail_gets(false);
        let online = json!({"agent_id": "worker", "status": "online"});
        worker.retain("a2a/v1/agents/worker/status", online.to_string()).await;
        assert_eq!(body(&worker.next(INBOX).await)["messages"][0]["content"], "work");

        let tried = store.failed();
        store.fail_gets(true);
        let ended = json!({"task_id": id, "status": "completed", "result": 7, "from": "worker"});
        worker.publish(RESULTS, ended.to_string(), Default::default()).await;
        eventually("the end was to be stored", || async { (store.failed() > tried).then_some(()) }).await;
        assert!(!store.kept(TaskSide::Delegator, &id).await.unwrap().task.status.is_terminal());
        store.fail_gets(false);
        let task = soon(client.results().await.unwrap().next()).await.unwrap();
        assert_eq!((task.task_id.as_str(), task.result), (id.as_str(), Some(json!(7))));
        client.close().await;
    }

    async fn a_store_that_cannot_be_read_at_the_start_is_the_starts_error(broker) {
        for (failure, why) in [(Failure::Error, "a test wants it to fail"), (Failure::Panic, "its `open` panicked")] {
            let store = FailingStore::default();
            store.fail_with(failure);
            store.fail_opens(true);
            let error = worker(&store).start(&broker.url()).await.unwrap_err();
            assert!(matches!(&error, mqtt_agent::Error::Store(StoreError::Unavailable { .. })), "{error:?}");
            assert!(error.to_string().contains(why), "{error}");
            // Nothing of it is left at the broker.
            store.fail_opens(false);
            let agent = worker(&store).start(&broker.url()).await.unwrap();
            agent.stop().await;
        }
    }

    async fn a_client_whose_store_cannot_be_read_says_so_when_it_is_asked_and_delegates_when_it_can(broker) {
        let store = FailingStore::default();
        store.fail_opens(true);
        let options = ConnectOptions::new(broker.url()).id("boss");
        let client = Client::builder().store(store.clone()).connect(options).await.unwrap();
        let agent = worker(&FailingStore::default()).start(&broker.url()).await.unwrap();
        let error = client.delegate("worker", NewTask::skill("done")).await.unwrap_err();
        assert!(matches!(&error, DelegateError::Store(StoreError::Unavailable { .. })), "{error:?}");
        store.fail_opens(false);
        let mut task = client.delegate("worker", NewTask::skill("done")).returning::<u8>().await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), 7);
        client.close().await;
        agent.stop().await;
    }

    async fn a_store_that_stalls_at_the_start_is_waited_for(broker) {
        let store = FailingStore::default();
        store.fail_with(Failure::Stall);
        store.fail_opens(true);
        let url = broker.url();
        let (starting, told) = (worker(&store), store.clone());
        let start = tokio::spawn(async move { starting.start(&url).await });
        eventually("the store was asked", || async { (told.failed() > 0).then_some(()) }).await;
        assert!(!start.is_finished());
        store.fail_opens(false);
        soon(start).await.unwrap().unwrap().stop().await;
    }

    async fn a_known_task_that_cannot_be_looked_up_is_answered_when_it_can(broker) {
        for failure in [Failure::Error, Failure::Panic, Failure::Stall] {
            let store = FailingStore::default();
            let agent = worker(&store).start(&broker.url()).await.unwrap();
            let mut peer = boss(&broker.url()).await;
            peer.publish(INBOX, task("t"), Default::default()).await;
            assert_eq!(body(&peer.next(RESULTS).await)["status"], "completed");
            eventually("it is settled", || async {
                store.kept(TaskSide::Executor, "t").await.filter(|record| record.settled)
            })
            .await;
            store.fail_with(failure);
            store.fail_gets(true);
            // By its id alone, so that it can only be looked up.
            let bare = json!({"task_id": "t", "from": "boss"}).to_string();
            peer.publish(INBOX, bare.clone(), Default::default()).await;
            eventually("it was looked up", || async { (store.failed() > 0).then_some(()) }).await;
            // A new one needs no look.
            peer.publish(INBOX, task("new"), Default::default()).await;
            assert_eq!(body(&peer.next(RESULTS).await)["task_id"], "new");
            store.fail_gets(false);
            if failure != Failure::Stall {
                peer.publish(INBOX, bare, Default::default()).await;
            }
            let again = body(&peer.next(RESULTS).await);
            assert_eq!((&again["task_id"], &again["result"]), (&json!("t"), &json!(7)), "{failure:?}");
            agent.stop().await;
        }
    }

    async fn a_task_whose_record_cannot_be_read_is_rejected_and_nothing_is_written_over_it(broker) {
        let store = FailingStore::default();
        let agent = worker(&store).start(&broker.url()).await.unwrap();
        let mut peer = boss(&broker.url()).await;
        store.fail_with(Failure::Unreadable);
        for fail in [FailingStore::fail_inserts, FailingStore::fail_gets, FailingStore::fail_updates] {
            fail(&store, true);
        }
        peer.publish(INBOX, task("t"), Default::default()).await;
        let rejected = body(&peer.next(RESULTS).await);
        assert_eq!((&rejected["status"], &rejected["error"]["code"]), (&json!("rejected"), &json!("store")));
        // Once to insert it, once to see whether it is there; no more.
        eventually("it was looked up", || async { (store.failed() >= 2).then_some(()) }).await;
        soon(agent.stop()).await;
        assert_eq!(store.failed(), 2);
    }

    async fn a_store_that_is_not_pruned_does_all_else(broker) {
        for failure in [Failure::Error, Failure::Panic, Failure::Stall] {
            let store = FailingStore::default();
            store.fail_with(failure);
            store.fail_prunes(true);
            let agent = worker(&store).start(&broker.url()).await.unwrap();
            let options = ConnectOptions::new(broker.url()).id("boss");
            let client = Client::builder().store(store.clone()).connect(options).await.unwrap();
            // The agent's and the client's.
            eventually("both tried", || async { (store.failed() >= 2).then_some(()) }).await;
            let mut task = client.delegate("worker", NewTask::skill("done")).returning::<u8>().await.unwrap();
            assert_eq!(soon(task.result()).await.unwrap(), 7);
            soon(client.close()).await;
            soon(agent.stop()).await;
        }
    }
}

#[tokio::test]
async fn that_a_store_is_not_pruned_is_logged() {
    let (log, _guard) = log();
    let broker = support::TestBroker::embedded().await;
    let store = FailingStore::default();
    store.fail_prunes(true);
    let agent = worker(&store).start(&broker.url()).await.unwrap();
    eventually("it is logged", || async {
        (!log.lines("failed to remove ended tasks from the store").is_empty()).then_some(())
    })
    .await;
    let line = log.lines("failed to remove ended tasks from the store").remove(0);
    assert!(line.contains("WARN") && line.contains("a test wants it to fail"), "{line}");
    tokio::time::timeout(Duration::from_secs(10), agent.stop()).await.unwrap();
}
