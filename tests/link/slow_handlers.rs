//! An `#[on]` handler that takes its time, or never ends, while the same agent calls a tool.

use std::time::{Duration, Instant};

use mqtt_agent::Running;
use mqtt_agent::prelude::*;
use mqtt_agent::topic::Payload;
use support::fake_broker::{Publish, publish_bytes};
use support::{FakeBroker, Knobs};
use tokio::sync::mpsc;

use crate::common::*;

/// Twice what waits for a handler acknowledged, and all that is on its way beside it.
const FLOOD: usize = 2500;

#[on("slow/never")]
async fn never() {
    std::future::pending::<()>().await;
}

/// Says what it got.
#[on("slow/little")]
async fn little(Payload(number): Payload, State(heard): State<mpsc::UnboundedSender<usize>>) {
    tokio::time::sleep(Duration::from_millis(1)).await;
    heard.send(std::str::from_utf8(&number).unwrap().parse().unwrap()).unwrap();
}

/// A broker, a tool's agent, and the agent whose handlers are slow.
async fn slow() -> (FakeBroker, Running, Running, mpsc::UnboundedReceiver<usize>) {
    let broker = FakeBroker::start(Knobs { identifiers: false, ..Knobs::default() }).await;
    let tools = calculator().start(&broker.url()).await.unwrap();
    let (heard, hears) = mpsc::unbounded_channel::<usize>();
    let agent = Agent::new("slow").handlers(handlers![never, little]).state(heard);
    let agent = agent.start(&broker.url()).await.unwrap();
    can_be_called(&agent.client()).await;
    (broker, tools, agent, hears)
}

/// How long a call of the agent's takes.
async fn call(agent: &Running) -> Duration {
    let began = Instant::now();
    let sum = agent.client().call("add", json!({"a": 1, "b": 2})).timeout(2 * PATIENT).await;
    assert_eq!(sum.unwrap(), json!(3.0));
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_17_calls_are_answered_while_a_handler_never_ends_and_is_flooded() {
    for qos in [0, 1] {
        let (broker, tools, agent, _hears) = slow().await;
        for number in 0..FLOOD {
            match qos {
                0 => broker.send_raw(publish_bytes("slow/never", &Publish::default())),
                _ => broker.publish("slow/never", number.to_string()),
            }
        }
        for _ in 0..3 {
            let took = call(&agent).await;
            println!("QoS {qos}: {took:?}");
            assert!(took < Duration::from_secs(5), "{took:?} at QoS {qos}");
        }
        assert_eq!(broker.seen().connects(), 2);
        drop((agent, tools));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_17_a_slow_handler_that_is_flooded_gets_every_message_once_and_in_order() {
    let (broker, tools, agent, mut hears) = slow().await;
    for number in 0..FLOOD {
        broker.publish("slow/little", number.to_string());
    }
    let took = call(&agent).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    for number in 0..FLOOD {
        assert_eq!(support::soon(hears.recv()).await, Some(number));
    }
    broker.settled().await;
    agent.stop().await;
    assert!(hears.recv().await.is_none());
    drop(tools);
}
