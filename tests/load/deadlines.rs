//! Deadlines hold while more comes in than is handled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use mqtt_agent::topic::Payload;
use support::fake_broker::{Publish, publish_bytes};
use support::{FakeBroker, Knobs, RawPeer, eventually, on_each_broker, soon};
use tokio::sync::Semaphore;

use crate::common::*;

/// Takes its time.
#[on("flood/{number}")]
async fn slow(number: u64, Payload(bytes): Payload) {
    let _ = (number, bytes);
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Never ends by itself.
#[tool(timeout = "3s")]
async fn forever(State(began): State<Arc<Semaphore>>) {
    began.add_permits(1);
    std::future::pending::<()>().await;
}

on_each_broker! {
    async fn calls_and_handlers_end_in_time_while_an_agent_is_flooded(broker) {
        const MESSAGES: u64 = 20_000;
        let other = Agent::new("other").tools(tools![mirror]).start(&broker.url()).await.unwrap();
        let forever_began = Arc::new(Semaphore::new(0));
        let agent = Agent::new("flooded").state(Arc::clone(&forever_began)).tools(tools![forever]).handlers(handlers![slow]);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let limited = tokio::spawn(async move {
            let error = client.call("forever", ()).timeout(Duration::from_secs(15)).await.unwrap_err();
            (error, Instant::now())
        });
        soon(forever_began.acquire()).await.unwrap().forget();
        let began = Instant::now();
        let payload = vec![b'x'; 10_000];
        let flood = tokio::spawn(async move {
            let messages = (0..MESSAGES).map(|number| (format!("flood/{number}"), payload.clone()));
            peer.publish_all(messages).await;
        });
        let (mut calls, mut answered) = (0, 0);
        while began.elapsed() < Duration::from_secs(10) && !(flood.is_finished() && calls > 20) {
            let call = agent.client().call("mirror", json!({"number": calls})).timeout(Duration::from_secs(2));
            let begins = Instant::now();
            match call.await {
                Ok(number) => {
                    assert_eq!(number, json!(calls));
                    answered += 1;
                }
                Err(error) => assert!(matches!(error, mqtt_agent::CallError::Timeout { .. }), "{error:?}"),
            }
            assert!(begins.elapsed() < Duration::from_secs(3), "call {calls} took {:?}", begins.elapsed());
            calls += 1;
        }
        println!("{answered} of {calls} calls were answered; flooded: {}", flood.is_finished());
        let (error, ended) = limited.await.unwrap();
        assert!(matches!(error, mqtt_agent::CallError::TimedOutByServer { .. }), "{error:?}");
        assert!(ended - began < Duration::from_secs(5), "a limit of 3 s ended it after {:?}", ended - began);
        assert!(answered > 0, "none of {calls} calls was answered");
        if flood.is_finished() {
            flood.await.unwrap();
        } else {
            flood.abort();
        }
        drop(agent);
        other.stop().await;
    }
}

/// Never takes a second message.
#[on("heavy/{number}", timeout = "60s")]
async fn stuck(number: u64, Payload(bytes): Payload) {
    let _ = (number, bytes);
    std::future::pending::<()>().await;
}

on_each_broker! {
    async fn an_agent_whose_handler_takes_no_more_ends_its_calls_in_time_and_stops(broker) {
        const GRACE: Duration = Duration::from_secs(1);
        let other = Agent::new("other").tools(tools![mirror]).start(&broker.url()).await.unwrap();
        let limits = mqtt_agent::Limits::default().with_grace(GRACE);
        let agent = Agent::new("stuck").handlers(handlers![stuck]).limits(limits).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        // As many as may be unacknowledged wait for their handler; the broker sends no more, and answers wait behind them.
        let payload = vec![b'x'; 900_000];
        let flood = tokio::spawn(async move {
            peer.publish_all((0..150).map(|number| (format!("heavy/{number}"), payload.clone()))).await;
        });
        let (begins, mut calls) = (Instant::now(), 0);
        let error = loop {
            assert!(begins.elapsed() < Duration::from_secs(15), "{calls} calls were answered");
            let begins = Instant::now();
            let call = agent.client().call("mirror", json!({"number": calls})).timeout(Duration::from_secs(2));
            let ended = call.await;
            assert!(begins.elapsed() < Duration::from_secs(3), "call {calls} took {:?}", begins.elapsed());
            match ended {
                Ok(_) => calls += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, mqtt_agent::CallError::Timeout { .. }), "{error:?}");
        let began = Instant::now();
        soon(agent.stop()).await;
        let took = began.elapsed();
        // Its farewells wait behind what the broker still sends: a second of silence, the grace, and five seconds to close.
        assert!(took < GRACE + Duration::from_secs(7), "a stop with a grace of {GRACE:?} took {took:?}");
        flood.abort();
        other.stop().await;
    }
}

/// A broker that keeps to no Receive Maximum, until the agent's socket is not read any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_stopped_reading_its_socket_stops_in_time() {
    const GRACE: Duration = Duration::from_secs(1);
    let broker = FakeBroker::start(Knobs::default()).await;
    let limits = mqtt_agent::Limits::default().with_grace(GRACE);
    let agent =
        Agent::new("stuck").handlers(handlers![stuck]).limits(limits).start(&broker.url()).await.unwrap();
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    broker.flood(300, move |number| {
        count.fetch_add(1, Ordering::SeqCst);
        let (id, payload) = (number as u16 + 1, vec![b'x'; 900_000]);
        publish_bytes(format!("heavy/{number}"), &Publish { qos: 1, id, payload, ..Publish::default() })
    });
    let at_most = 64 * (1 << 20) / 900_000;
    eventually("the bytes are spent", || async { (made.load(Ordering::SeqCst) >= at_most).then_some(()) })
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let taken = made.load(Ordering::SeqCst);
    assert!(taken < at_most + 30, "{taken} were taken");
    let began = Instant::now();
    soon(agent.stop()).await;
    let took = began.elapsed();
    assert!(took < GRACE + Duration::from_secs(7), "a stop with a grace of {GRACE:?} took {took:?}");
    println!("{taken} taken, stopped in {took:?}");
}
