//! What was under way when a connection ended.

use std::time::Duration;

use mqtt_agent::Running;
use mqtt_agent::a2a::{MemoryStore, Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use mqtt_agent::topic::Payload;
use support::fake_broker::{Answer, Packet, Publish, Sessions, publish_bytes};
use support::{FakeBroker, Knobs};
use tokio::sync::{mpsc, watch};

use crate::common::*;

#[event("numbers/{number}")]
fn number(number: u32, content: Payload);

/// The messages to `numbers/` that a client sent on a connection, the first sending of each.
fn numbers(broker: &FakeBroker, connection: usize) -> Vec<Publish> {
    let on_it = broker.seen().all().into_iter().filter(|event| event.connection == connection);
    on_it
        .filter_map(|event| match event.packet {
            Packet::Publish(publish) if publish.topic.starts_with("numbers/") => Some(publish),
            _ => None,
        })
        .collect()
}

/// Twenty messages that are never acknowledged, and how they are sent again on the next connection.
async fn sent_again(sessions: Sessions) -> (Vec<Publish>, Vec<Publish>) {
    const COUNT: u32 = 20;
    let broker = FakeBroker::start(Knobs { sessions, puback: Answer::Never, ..Knobs::default() }).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let mut sending = Vec::new();
    for of in 0..COUNT {
        let publishing = number(Payload::from(vec![0; 10])).number(of).publish(&client);
        sending.push(tokio::spawn(publishing));
        broker.seen().publish(1, &format!("numbers/{of}")).await;
    }
    broker.set(|knobs| knobs.puback = Answer::AtOnce);
    broker.close();
    for sending in sending {
        support::soon(sending).await.unwrap().unwrap();
    }
    (numbers(&broker, 1), numbers(&broker, 2))
}

fn topics(of: &[Publish]) -> Vec<&str> {
    of.iter().map(|publish| publish.topic.as_str()).collect()
}

#[tokio::test]
async fn unacknowledged_messages_are_repeated_in_their_order_where_the_session_is_kept() {
    let (first, again) = sent_again(Sessions::Kept).await;
    assert_eq!(topics(&first), topics(&again));
    for (first, again) in first.iter().zip(&again) {
        assert_eq!((first.id, first.dup, again.dup), (again.id, false, true), "{}", first.topic);
    }
}

#[tokio::test]
async fn unacknowledged_messages_are_sent_anew_in_their_order_where_the_session_is_lost() {
    let (first, again) = sent_again(Sessions::Lost).await;
    assert_eq!(topics(&first), topics(&again));
    assert!(again.iter().all(|publish| !publish.dup), "{again:?}");
}

/// A store that keeps nothing until its gate opens: a task's message is acknowledged when the task is stored.
#[derive(Debug)]
struct Gated {
    inner: MemoryStore,
    began: mpsc::UnboundedSender<String>,
    open: watch::Receiver<bool>,
}

impl TaskStore for Gated {
    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        let mut open = self.open.clone();
        Box::pin(async move {
            drop(self.began.send(record.task.task_id.to_string()));
            open.wait_for(|open| *open).await.unwrap();
            self.inner.insert(side, record).await
        })
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        self.inner.get(side, task_id)
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        self.inner.update(side, record)
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        self.inner.open(side, after, limit)
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        self.inner.prune(retention)
    }
}

/// An agent that was given the task `first`, which is not acknowledged until the gate opens.
async fn held(broker: &FakeBroker) -> (Running, mpsc::UnboundedReceiver<String>, watch::Sender<bool>) {
    let (open, gate) = watch::channel(false);
    let (sender, mut began) = mpsc::unbounded_channel();
    let store = Gated { inner: MemoryStore::new(), began: sender, open: gate };
    let agent = Agent::new("desk").skills(skills![echo]).store(store).start(&broker.url()).await.unwrap();
    task(broker, "first");
    assert_eq!(support::soon(began.recv()).await.as_deref(), Some("first"));
    (agent, began, open)
}

fn task(broker: &FakeBroker, id: &str) {
    let messages = json!([{"role": "user", "content": "hello"}]);
    let task = json!({"task_id": id, "from": "boss", "to": "desk", "type": "echo", "messages": messages});
    broker.publish("a2a/v1/tasks/desk/inbox", task.to_string());
}

fn acknowledged(broker: &FakeBroker, connection: usize) -> usize {
    broker
        .seen()
        .count(|event| event.connection == connection && matches!(event.packet, Packet::PubAck { .. }))
}

#[tokio::test]
async fn a_message_of_a_lost_session_is_not_acknowledged_in_the_next_one() {
    let broker = FakeBroker::start(Knobs { sessions: Sessions::Lost, ..Knobs::default() }).await;
    let (agent, mut began, open) = held(&broker).await;
    broker.close();
    broker.seen().subscribe(2, "tasks/desk/inbox").await;
    open.send_replace(true);
    task(&broker, "second");
    assert_eq!(support::soon(began.recv()).await.as_deref(), Some("second"));
    broker.settled().await;
    agent.stop().await;
    assert_eq!((acknowledged(&broker, 1), acknowledged(&broker, 2)), (0, 1));
}

#[tokio::test]
async fn a_message_that_was_not_acknowledged_comes_again_and_is_acknowledged_then() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, _began, open) = held(&broker).await;
    broker.close();
    broker.seen().connect(2).await;
    open.send_replace(true);
    assert_eq!(broker.seen().puback(2, 1).await, 0);
    agent.stop().await;
    assert_eq!((acknowledged(&broker, 1), acknowledged(&broker, 2)), (0, 1));
}

#[tokio::test]
async fn a_call_that_is_under_way_when_its_connection_ends_is_answered_after_it() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    can_be_called(&client).await;
    broker.set(|knobs| knobs.connack = Answer::After(Duration::from_millis(200)));
    broker.close();
    let call = client.call("add", json!({"a": 1, "b": 2})).timeout(PATIENT);
    assert_eq!(call.await.unwrap(), json!(3.0));
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 3);
}

/// Says that it runs.
#[on("again/sent")]
async fn sent_once_more(State(runs): State<mpsc::UnboundedSender<()>>) {
    runs.send(()).unwrap();
}

/// Says that it runs, and goes on when it may.
#[on("again/slow")]
async fn slow(State(runs): State<mpsc::UnboundedSender<()>>, State(gate): State<watch::Receiver<bool>>) {
    let mut gate = gate.clone();
    runs.send(()).unwrap();
    gate.wait_for(|open| *open).await.unwrap();
}

#[tokio::test]
async fn a_message_that_comes_again_is_acknowledged_though_its_handler_is_busy() {
    let broker = FakeBroker::start(Knobs { identifiers: false, ..Knobs::default() }).await;
    let (ran, mut runs) = mpsc::unbounded_channel::<()>();
    let (open, gate) = watch::channel(false);
    let agent = Agent::new("again").handlers(handlers![slow]).state(ran).state(gate);
    let agent = agent.start(&broker.url()).await.unwrap();
    broker.publish("again/slow", "1");
    support::soon(runs.recv()).await.unwrap();
    let again = Publish { qos: 1, id: 9, dup: true, payload: b"2".to_vec(), ..Publish::default() };
    broker.send_raw(publish_bytes("again/slow", &again));
    assert_eq!(broker.seen().puback(1, 9).await, 0);
    assert!(runs.try_recv().is_err(), "one message at a time");
    open.send_replace(true);
    support::soon(runs.recv()).await.unwrap();
    agent.stop().await;
}

#[tokio::test]
async fn a_message_that_comes_again_is_handled_when_the_broker_has_answered_what_followed_its_acknowledgement()
 {
    let broker = FakeBroker::start(Knobs { identifiers: false, pong: false, ..Knobs::default() }).await;
    let (ran, mut runs) = mpsc::unbounded_channel::<()>();
    let agent = Agent::new("again").handlers(handlers![sent_once_more]).state(ran);
    let agent = agent.start(&broker.url()).await.unwrap();
    let publish = Publish { qos: 1, id: 9, dup: true, ..Publish::default() };
    broker.send_raw(publish_bytes("again/sent", &publish));
    broker.seen().puback(1, 9).await;
    broker.seen().until("a PINGREQ", |event| matches!(event.packet, Packet::Ping).then_some(())).await;
    assert!(runs.try_recv().is_err(), "the broker may not have read the PUBACK");
    // PINGRESP
    broker.send_raw([0xd0, 0]);
    support::soon(runs.recv()).await.unwrap();
    agent.stop().await;
}
