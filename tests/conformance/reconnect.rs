//! The broker goes away and comes back.

use std::collections::HashSet;
use std::time::Duration;

use mqtt_agent::CallError;
use mqtt_agent::prelude::*;
use mqtt_agent::wire::Status;
use serde_json::json;
use support::{connected_again, eventually, on_each_broker};

use crate::tools::*;

on_each_broker! {
    async fn sub_10_after_a_restart_without_memory_everything_is_there_again(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        client.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        broker.kill().await;
        let waiting = tokio::spawn(client.call("add", json!({"a": 2, "b": 2})).into_future());
        broker.start().await;
        connected_again(&client, 1).await;
        // It waited for the connection; or the server was not back yet when it arrived.
        match waiting.await.unwrap() {
            Ok(sum) => assert_eq!(sum["sum"], 4.0),
            Err(error) => assert!(matches!(error, CallError::Unavailable { .. } | CallError::Timeout { .. }), "{error:?}"),
        }
        eventually("the cards are there again", || async {
            let tool = client.tool("add").await.ok()??;
            let server = client.server("calc").await.ok()??;
            (tool.status == Status::Online && server.status == Status::Online).then_some(())
        })
        .await;
        assert_eq!(client.call("add", json!({"a": 3, "b": 3})).await.unwrap()["sum"], 6.0);
        agent.stop().await;
    }

    async fn a_caller_that_never_pauses_and_a_server_survive_restarts(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![counted_add]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let stop = stop_flag();
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..8_u32 {
            let (client, stop) = (client.clone(), stop.clone());
            callers.spawn(async move {
                let (mut results, mut errors) = (0_u32, 0_u32);
                for i in 0_u32.. {
                    if *stop.borrow() {
                        break;
                    }
                    let (a, b) = (f64::from(caller), f64::from(i));
                    let timeout = Duration::from_secs(3);
                    let call = client.call("counted_add", json!({"a": a, "b": b})).returning::<f64>().timeout(timeout);
                    // By its deadline, and a little for the test's own machine.
                    let outcome = tokio::time::timeout(timeout + Duration::from_secs(5), call.into_future()).await;
                    match outcome.expect("every call ends by its deadline") {
                        Ok(sum) => {
                            assert_eq!(sum, a + b);
                            results += 1;
                        }
                        Err(CallError::Timeout { .. } | CallError::TimedOutByServer { .. } | CallError::Unavailable { .. }) => errors += 1,
                        Err(other) => panic!("{other:?}"),
                    }
                }
                (results, errors)
            });
        }
        for round in 1..=2_u64 {
            let before = watch.began();
            watch.until_began(before + 50).await;
            broker.kill().await;
            broker.start().await;
            connected_again(&client, round).await;
            let before = watch.began();
            watch.until_began(before + 50).await;
        }
        stop.set();
        let mut total = (0, 0);
        while let Some(outcome) = callers.join_next().await {
            let (results, errors) = outcome.unwrap();
            total = (total.0 + results, total.1 + errors);
        }
        assert!(total.0 >= 200, "{total:?}");
        let ids = watch.0.ids.lock().unwrap().clone();
        let distinct: HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "no handler ran twice for one call id");
        eventually("the cards are there again", || async {
            let tool = client.tool("counted_add").await.ok()??;
            (tool.status == Status::Online).then_some(())
        })
        .await;
        agent.stop().await;
    }
}

/// A flag that many tasks look at.
#[derive(Clone)]
struct Stop(tokio::sync::watch::Sender<bool>, tokio::sync::watch::Receiver<bool>);

fn stop_flag() -> Stop {
    let (sender, receiver) = tokio::sync::watch::channel(false);
    Stop(sender, receiver)
}

impl Stop {
    fn set(&self) {
        self.0.send_replace(true);
    }

    fn borrow(&self) -> tokio::sync::watch::Ref<'_, bool> {
        self.1.borrow()
    }
}
