//! What comes with RETAIN set is no work (`SUB-15`): brokers are asked not to send it, and where one does it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mqtt_agent::prelude::*;
use support::fake_broker::{Properties, Publish, publish_bytes};
use support::{FakeBroker, Knobs};

type Runs = Arc<AtomicUsize>;

/// Counts its runs.
#[tool]
async fn counted(State(runs): State<Runs>) -> usize {
    runs.fetch_add(1, Ordering::SeqCst)
}

/// The same, as a task.
#[skill]
async fn counted_task(_: Task, State(runs): State<Runs>) -> usize {
    runs.fetch_add(1, Ordering::SeqCst)
}

/// The identifier of a response topic.
const RESPONSE_TOPIC: u8 = 8;
const RETAIN_HANDLING: u8 = 0x30;

#[tokio::test]
async fn sub_15_what_comes_with_retain_set_is_acknowledged_and_is_no_work() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let runs = Runs::default();
    let agent =
        Agent::new("desk").tools(tools![counted]).skills(skills![counted_task]).state(Arc::clone(&runs));
    let agent = agent.start(&broker.url()).await.unwrap();
    let call = json!({"call_id": "old", "client": "peer", "arguments": {}});
    let task = json!({"task_id": "old", "from": "peer", "type": "counted_task", "prompt": "hello"});
    let result = json!({"task_id": "old", "result": 1});
    let messages = [
        ("a2a/v1/mcp/tools/counted/call", &call),
        ("a2a/v1/mcp/tools/counted/cancel", &call),
        ("a2a/v1/tasks/desk/inbox", &task),
        ("a2a/v1/tasks/desk/results", &result),
    ];
    for (id, (topic, payload)) in (901..).zip(messages) {
        let asked = broker.seen().subscribe(1, topic).await;
        let (_, options) = asked.filters.iter().find(|(filter, _)| filter.contains(topic)).unwrap();
        assert_eq!(options & RETAIN_HANDLING, 0x20, "retained messages are not asked for: {topic}");
        let properties = match topic.contains("/mcp/") {
            true => Properties::new().text(RESPONSE_TOPIC, "a2a/v1/mcp/clients/peer/responses"),
            false => Properties::new(),
        };
        let payload = payload.to_string().into();
        let sent = Publish { payload, qos: 1, retain: true, id, properties, ..Publish::default() };
        broker.send_raw(publish_bytes(topic, &sent));
        assert_eq!(broker.seen().puback(1, id).await, 0, "{topic}");
    }
    let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
    // What is new comes behind them.
    let first = support::soon(client.call("counted", ()).returning::<usize>().into_future()).await;
    assert_eq!(first.unwrap(), 0, "no tool ran before");
    let second = client.request("desk", NewTask::skill("counted_task").text("new")).returning::<usize>();
    assert_eq!(support::soon(second.into_future()).await.unwrap(), 1, "no task ran before");
    let answers = broker.seen().count(|event| {
        matches!(&event.packet, support::fake_broker::Packet::Publish(publish) if publish.topic.contains("clients/peer"))
    });
    assert_eq!(answers, 0);
    agent.stop().await;
}
