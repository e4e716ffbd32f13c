//! A task store that fails at each step of a task, at its agent and at the delegator.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask, TaskSide};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use mqtt_agent::{Limits, Running};
use serde_json::json;
use support::{FailingStore, Failure, RawPeer, eventually, json, on_each_broker, soon};
use tokio::sync::Semaphore;

/// Counts its runs, and lets a test say when they end.
#[derive(Debug, Clone, Default)]
struct Runs {
    begun: Arc<AtomicUsize>,
    gate: Option<Arc<Semaphore>>,
}

impl Runs {
    fn gated() -> Self {
        Self { begun: Arc::default(), gate: Some(Arc::new(Semaphore::new(0))) }
    }

    fn count(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    fn open(&self) {
        self.gate.as_ref().unwrap().add_permits(1);
    }
}

/// Runs, and says how often it did.
#[skill]
async fn work(State(runs): State<Runs>) -> usize {
    let run = runs.begun.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(gate) = &runs.gate {
        gate.acquire().await.unwrap().forget();
    }
    run
}

/// Must not begin twice.
#[skill(on_crash = "fail")]
async fn once(State(runs): State<Runs>) -> usize {
    runs.begun.fetch_add(1, Ordering::SeqCst) + 1
}

/// Asks for a name.
#[skill]
async fn greet(task: Task) -> Result<String, mqtt_agent::a2a::TaskUpdateError> {
    Ok(format!("hello {}", task.ask("Who?").await?.text()))
}

fn worker(store: &FailingStore, runs: &Runs) -> Agent {
    Agent::new("worker").skills(skills![work, once, greet]).state(runs.clone()).store(store.clone())
}

/// Holds up the tasks that come after it, until it is let go.
#[skill]
async fn hold(State(held): State<Held>) {
    held.runs.fetch_add(1, Ordering::SeqCst);
    held.gate.acquire().await.unwrap().forget();
}

/// All turns of an agent, which are taken.
#[derive(Debug, Clone)]
struct Held {
    runs: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    turns: usize,
}

impl Held {
    /// Of an agent with so many turns, and with this store.
    async fn take(
        turns: usize,
        url: &str,
        store: &FailingStore,
        runs: &Runs,
        client: &Client,
    ) -> (Self, Running) {
        let held = Self { runs: Arc::default(), gate: Arc::new(Semaphore::new(0)), turns };
        let agent =
            Agent::new("worker").skills(skills![work, once, hold]).state(runs.clone()).state(held.clone());
        let limits = Limits::default().with_tasks(turns);
        let agent = agent.limits(limits).store(store.clone()).start(url).await.unwrap();
        for _ in 0..turns {
            let task = client.delegate("worker", NewTask::skill("hold")).await.unwrap();
            store.spare(task.id());
        }
        let all = || async { (held.runs.load(Ordering::SeqCst) == turns).then_some(()) };
        eventually("all turns are taken", all).await;
        (held, agent)
    }

    /// Once this task waits for its turn.
    async fn keeps_waiting(&self, store: &FailingStore, id: &str) {
        eventually("it waits", || async { store.kept(TaskSide::Executor, id).await }).await;
    }

    fn let_go(&self) {
        self.gate.add_permits(self.turns);
    }
}

/// Waits until so many operations of a store have failed.
async fn failures(store: &FailingStore, count: usize) {
    eventually("the store was tried", || async { (store.failed() >= count).then_some(()) }).await;
}

async fn boss(url: &str, store: &FailingStore) -> Client {
    Client::builder().store(store.clone()).connect(ConnectOptions::new(url).id("boss")).await.unwrap()
}

on_each_broker! {
    async fn a_task_that_cannot_be_stored_is_rejected_and_does_not_run(broker) {
        for failure in [Failure::Error, Failure::Panic] {
            let (store, runs) = (FailingStore::default(), Runs::default());
            let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
            let client = Client::connect(&broker.url()).await.unwrap();
            store.fail_with(failure);
            store.fail_inserts(true);
            let mut task = client.delegate("worker", NewTask::skill("work")).await.unwrap();
            let rejected = soon(task.result()).await.unwrap_err();
            assert!(matches!(&rejected, DelegateError::Rejected(error) if error.code.as_deref() == Some("store")), "{rejected:?}");
            assert_eq!(runs.count(), 0);
            // It goes on with the next one.
            store.fail_inserts(false);
            let mut task = client.delegate("worker", NewTask::skill("work")).returning::<usize>().await.unwrap();
            assert_eq!(soon(task.result()).await.unwrap(), 1);
            agent.stop().await;
            client.close().await;
        }
    }

    async fn an_attempt_that_cannot_be_stored_does_not_begin_and_begins_later(broker) {
        for failure in [Failure::Error, Failure::Panic] {
            let (store, runs) = (FailingStore::default(), Runs::default());
            let client = Client::connect(&broker.url()).await.unwrap();
            let (held, agent) = Held::take(1, &broker.url(), &store, &runs, &client).await;
            let mut task = client.delegate("worker", NewTask::skill("once")).returning::<usize>().await.unwrap();
            held.keeps_waiting(&store, task.id()).await;
            store.fail_with(failure);
            store.fail_updates(true);
            held.let_go();
            failures(&store, 3).await;
            assert_eq!(runs.count(), 0, "the store does not know of the attempt");
            store.fail_updates(false);
            assert_eq!(soon(task.result()).await.unwrap(), 1);
            assert_eq!(runs.count(), 1);
            agent.stop().await;
            client.close().await;
        }
    }

    async fn a_task_whose_attempt_cannot_be_stored_is_cancelled_and_times_out_all_the_same(broker) {
        let (store, runs) = (FailingStore::default(), Runs::default());
        let client = Client::connect(&broker.url()).await.unwrap();
        let (held, agent) = Held::take(2, &broker.url(), &store, &runs, &client).await;
        let mut canceled = client.delegate("worker", NewTask::skill("work")).await.unwrap();
        let mut late = client.delegate("worker", NewTask::skill("work")).timeout(Duration::from_secs(1)).await.unwrap();
        for task in [&canceled, &late] {
            held.keeps_waiting(&store, task.id()).await;
        }
        store.fail_updates(true);
        held.let_go();
        failures(&store, 2).await;
        canceled.cancel().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        store.fail_updates(false);
        assert_eq!(soon(canceled.ended()).await.unwrap().status, TaskState::Canceled);
        let late = soon(late.result()).await.unwrap_err();
        assert!(matches!(&late, DelegateError::Failed(error) if error.kind == "timeout"), "{late:?}");
        assert_eq!(runs.count(), 0);
        agent.stop().await;
        client.close().await;
    }

    async fn a_task_that_begins_at_once_is_stored_as_it_begins_and_needs_no_update_for_that(broker) {
        let (store, runs) = (FailingStore::default(), Runs::gated());
        let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        store.fail_updates(true);
        let mut task = client.delegate("worker", NewTask::skill("work")).returning::<usize>().await.unwrap();
        eventually("it runs", || async { (runs.count() == 1).then_some(()) }).await;
        let kept = store.kept(TaskSide::Executor, task.id()).await.unwrap();
        assert_eq!((kept.attempts, kept.task.status), (1, TaskState::Working));
        assert_eq!(store.failed(), 0);
        for state in [TaskState::Submitted, TaskState::Working] {
            assert_eq!(soon(task.next()).await.unwrap().state, state);
        }
        store.fail_updates(false);
        runs.open();
        assert_eq!(soon(task.result()).await.unwrap(), 1);
        agent.stop().await;
        client.close().await;
    }

    async fn a_task_that_comes_while_the_agent_stops_is_left_to_the_next_start_unbegun(broker) {
        let (store, runs) = (FailingStore::default(), Runs::gated());
        let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut first = client.delegate("worker", NewTask::skill("work")).returning::<usize>().await.unwrap();
        eventually("it runs", || async { (runs.count() == 1).then_some(()) }).await;
        let mut stopping = Box::pin(agent.stop());
        assert!(futures_util::poll!(&mut stopping).is_pending());
        let stopping = tokio::spawn(stopping);
        // Its inbox stays open meanwhile: what comes is stored.
        let waits = async |task: &str| store.kept(TaskSide::Executor, task).await;
        let mut second = client.delegate("worker", NewTask::skill("once")).returning::<usize>().await.unwrap();
        let kept = eventually("it is stored", || waits(second.id())).await;
        assert_eq!((kept.attempts, kept.task.status), (0, TaskState::Submitted));
        runs.open();
        assert_eq!(soon(first.result()).await.unwrap(), 1);
        soon(stopping).await.unwrap();
        let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
        assert_eq!(soon(second.result()).await.unwrap(), 2);
        agent.stop().await;
        client.close().await;
    }

    async fn an_end_that_cannot_be_stored_is_sent_only_when_it_is(broker) {
        for failure in [Failure::Error, Failure::Panic] {
            let (store, runs) = (FailingStore::default(), Runs::gated());
            let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
            let client = Client::connect(&broker.url()).await.unwrap();
            let mut task = client.delegate("worker", NewTask::skill("work")).returning::<usize>().await.unwrap();
            eventually("it runs", || async { (runs.count() == 1).then_some(()) }).await;
            store.fail_with(failure);
            store.fail_updates(true);
            runs.open();
            failures(&store, 3).await;
            assert!(!store.kept(TaskSide::Executor, task.id()).await.unwrap().task.status.is_terminal());
            let early = tokio::time::timeout(Duration::from_millis(200), task.ended()).await;
            assert!(early.is_err(), "{early:?}");
            store.fail_updates(false);
            assert_eq!(soon(task.result()).await.unwrap(), 1);
            assert_eq!(runs.count(), 1);
            agent.stop().await;
            client.close().await;
        }
    }

    async fn an_agent_that_stops_while_its_store_fails_goes_on_with_the_task_at_its_next_start(broker) {
        let (store, runs) = (FailingStore::default(), Runs::default());
        let client = Client::connect(&broker.url()).await.unwrap();
        let (held, agent) = Held::take(1, &broker.url(), &store, &runs, &client).await;
        let mut task = client.delegate("worker", NewTask::skill("once")).returning::<usize>().await.unwrap();
        held.keeps_waiting(&store, task.id()).await;
        store.fail_updates(true);
        held.let_go();
        failures(&store, 2).await;
        let stopping = agent.stop();
        soon(stopping).await;
        assert_eq!(runs.count(), 0);
        store.fail_updates(false);
        let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), 1);
        agent.stop().await;
        client.close().await;
    }

    async fn an_answer_that_cannot_be_stored_reaches_its_question_and_is_stored_later(broker) {
        let (store, runs) = (FailingStore::default(), Runs::default());
        let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", NewTask::skill("greet")).returning::<String>().await.unwrap();
        while soon(task.next()).await.unwrap().state != TaskState::InputRequired {}
        store.fail_updates(true);
        task.send("Ada").await.unwrap();
        failures(&store, 3).await;
        store.fail_updates(false);
        assert_eq!(soon(task.result()).await.unwrap(), "hello Ada");
        agent.stop().await;
        client.close().await;
    }

    async fn a_question_that_cannot_be_stored_is_an_error_for_its_handler(broker) {
        let (store, runs) = (FailingStore::default(), Runs::default());
        /// Asks when it is let go.
        #[skill]
        async fn ask_later(task: Task, State(store): State<FailingStore>) -> Result<String, String> {
            store.fail_updates(true);
            let asked = task.ask("Who?").await.map(|answer| answer.text());
            store.fail_updates(false);
            asked.map_err(|error| error.to_string())
        }
        let agent = Agent::new("worker").skills(skills![ask_later]).state(store.clone()).state(runs).store(store.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("worker", NewTask::skill("ask_later")).await.unwrap();
        let failed = soon(task.result()).await.unwrap_err().to_string();
        assert!(failed.contains("a test wants it to fail"), "{failed}");
        agent.stop().await;
        client.close().await;
    }

    async fn a_delegator_whose_store_fails_does_not_send_the_task(broker) {
        for failure in [Failure::Error, Failure::Panic] {
            let mut peer = RawPeer::connect(&broker.url(), "worker").await;
            peer.subscribe("a2a/v1/tasks/worker/inbox").await;
            let store = FailingStore::default();
            let client = boss(&broker.url(), &store).await;
            store.fail_with(failure);
            store.fail_inserts(true);
            let refused = client.delegate("worker", "lost").await.unwrap_err();
            assert!(matches!(refused, DelegateError::Store(_)), "{refused:?}");
            store.fail_inserts(false);
            let sent = client.delegate("worker", "sent").await.unwrap();
            assert_eq!(json(&peer.next("a2a/v1/tasks/worker/inbox").await)["task_id"], sent.id());
            client.close().await;
        }
    }

    async fn a_result_that_the_delegator_cannot_store_is_told_when_it_is_stored(broker) {
        for failure in [Failure::Error, Failure::Panic] {
            let mut peer = RawPeer::connect(&broker.url(), "worker").await;
            peer.subscribe("a2a/v1/tasks/worker/inbox").await;
            let store = FailingStore::default();
            let client = boss(&broker.url(), &store).await;
            let mut task = client.delegate("worker", "work").returning::<u64>().await.unwrap();
            store.fail_with(failure);
            store.fail_updates(true);
            let result = json!({"task_id": task.id(), "status": "completed", "result": 7, "from": "worker"});
            peer.publish("a2a/v1/tasks/boss/results", result.to_string(), Default::default()).await;
            failures(&store, 2).await;
            let early = tokio::time::timeout(Duration::from_millis(100), task.ended()).await;
            assert!(early.is_err(), "{early:?}");
            store.fail_updates(false);
            assert_eq!(soon(task.result()).await.unwrap(), 7);
            client.close().await;
        }
    }

    async fn a_result_that_was_not_stored_before_a_crash_comes_again_to_the_next_process(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "worker").await;
        peer.subscribe("a2a/v1/tasks/worker/inbox").await;
        let store = FailingStore::default();
        let client = boss(&broker.url(), &store).await;
        let task = client.delegate("worker", "work").await.unwrap();
        store.fail_updates(true);
        let result = json!({"task_id": task.id(), "status": "completed", "result": 7, "from": "worker"});
        peer.publish("a2a/v1/tasks/boss/results", result.to_string(), Default::default()).await;
        failures(&store, 1).await;
        let id = task.id().to_owned();
        // It was not acknowledged yet.
        drop((task, client));
        store.fail_updates(false);
        let client = boss(&broker.url(), &store).await;
        let mut results = client.results().await.unwrap();
        let ended = soon(results.next()).await.unwrap();
        assert_eq!((ended.task_id.as_str(), ended.result), (&*id, Some(json!(7))));
        client.close().await;
    }

    async fn a_task_that_was_dropped_before_it_was_sent_is_not_sent_by_a_later_process(broker) {
        let store = FailingStore::default();
        let client = boss(&broker.url(), &store).await;
        // One that is given before: everything is subscribed then.
        let mut peer = RawPeer::connect(&broker.url(), "worker").await;
        peer.subscribe("a2a/v1/tasks/worker/inbox").await;
        let mut first = client.delegate("worker", "first").returning::<u64>().await.unwrap();
        let ended = json!({"task_id": first.id(), "status": "completed", "result": 1, "from": "worker"});
        peer.publish("a2a/v1/tasks/boss/results", ended.to_string(), Default::default()).await;
        assert_eq!(soon(first.result()).await.unwrap(), 1);
        let mut connection = client.connection();
        broker.kill().await;
        soon(connection.wait_for(|state| !state.is_connected())).await.unwrap();
        let dropped = std::future::IntoFuture::into_future(client.delegate("worker", "dropped"));
        store.fail_updates(true);
        tokio::time::timeout(Duration::from_millis(200), dropped).await.unwrap_err();
        failures(&store, 1).await;
        drop(client);
        store.fail_updates(false);
        broker.start().await;
        let mut peer = RawPeer::connect(&broker.url(), "worker").await;
        peer.subscribe("a2a/v1/tasks/worker/inbox").await;
        let client = boss(&broker.url(), &store).await;
        let online = json!({"agent_id": "worker", "status": "online"}).to_string();
        peer.publish("a2a/v1/agents/worker/status", online, Default::default()).await;
        let marker = client.delegate("worker", "marker").await.unwrap();
        assert_eq!(json(&peer.next("a2a/v1/tasks/worker/inbox").await)["task_id"], marker.id());
        client.close().await;
    }

    async fn what_a_delegator_could_not_store_is_stored_before_its_close_returns(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "worker").await;
        peer.subscribe("a2a/v1/tasks/worker/inbox").await;
        let store = FailingStore::default();
        let client = boss(&broker.url(), &store).await;
        store.fail_updates(true);
        let task = client.delegate("worker", "work").await.unwrap();
        let id = task.id().to_owned();
        assert!(!store.kept(TaskSide::Delegator, &id).await.unwrap().sent);
        store.fail_updates(false);
        soon(client.close()).await;
        assert!(store.kept(TaskSide::Delegator, &id).await.unwrap().sent, "a later process need not ask for it");
        drop(task);
    }

    async fn a_second_task_of_the_same_id_is_rejected_and_the_first_ones_result_stays_its_own(broker) {
        let (store, runs) = (FailingStore::default(), Runs::default());
        let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
        let mut peers = Vec::new();
        for name in ["ann", "bob"] {
            let mut peer = RawPeer::connect(&broker.url(), name).await;
            peer.subscribe(&format!("a2a/v1/tasks/{name}/results")).await;
            let task = json!({"task_id": "t", "from": name, "type": "work", "prompt": ""});
            peer.publish("a2a/v1/tasks/worker/inbox", task.to_string(), Default::default()).await;
            let result = json(&peer.next(&format!("a2a/v1/tasks/{name}/results")).await);
            peers.push((peer, result));
        }
        assert_eq!(peers[0].1["status"], "completed");
        assert_eq!((&peers[1].1["status"], &peers[1].1["error"]["code"]), (&json!("rejected"), &json!("id_taken")));
        assert_eq!(runs.count(), 1);
        agent.stop().await;
    }

    async fn a_result_that_nobody_received_is_sent_again_when_its_owner_is_back(broker) {
        if !broker.can().reports_no_subscribers {
            return broker.leaves_out("it does not say that nobody received a message");
        }
        let (store, runs) = (FailingStore::default(), Runs::default());
        let agent = worker(&store, &runs).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        let task = json!({"task_id": "t", "from": "ann", "type": "work", "prompt": ""});
        peer.publish("a2a/v1/tasks/worker/inbox", task.to_string(), Default::default()).await;
        eventually("it ended", || async {
            store.kept(TaskSide::Executor, "t").await.filter(|record| record.task.status.is_terminal())
        })
        .await;
        let mut peer = RawPeer::connect(&broker.url(), "ann").await;
        peer.subscribe("a2a/v1/tasks/ann/results").await;
        let result = json(&peer.next("a2a/v1/tasks/ann/results").await);
        assert_eq!(result["status"], "completed");
        eventually("it is settled", || async {
            store.kept(TaskSide::Executor, "t").await.filter(|record| record.settled)
        })
        .await;
        agent.stop().await;
    }
}
