//! Deadlines hold while more comes in than is handled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use mqtt_agent::topic::Payload;
use support::{RawPeer, on_each_broker, soon};
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
        flood.abort();
        drop(agent);
        other.stop().await;
    }
}
