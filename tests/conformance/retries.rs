//! Calls that are made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Limits, Retry};
use serde_json::json;
use support::{on_each_broker, soon};

use crate::tools::*;

type Runs = Arc<AtomicU32>;

#[derive(Debug, ToolError)]
enum Early {
    #[tool_error("too early", code = "early", retry_after = "50ms")]
    Early,
}

/// Succeeds the third time.
#[tool]
fn third(State(runs): State<Runs>) -> Result<u32, Early> {
    match runs.fetch_add(1, SeqCst) + 1 {
        3 => Ok(3),
        _ => Err(Early::Early),
    }
}

/// Answers the second time.
#[tool(idempotent)]
async fn second(State(runs): State<Runs>) -> u32 {
    let run = runs.fetch_add(1, SeqCst) + 1;
    if run == 1 {
        std::future::pending::<()>().await;
    }
    run
}

/// The same, with something that must not be done twice.
#[tool]
async fn once(State(runs): State<Runs>) -> u32 {
    second(State(runs)).await
}

/// Waits until it is let go on.
#[tool]
async fn gated(cx: &Context, State(watch): State<Watch>) {
    let _inside = watch.enter(cx);
    watch.0.go_on.notified().await;
}

on_each_broker! {
    async fn a_call_is_made_again_when_the_tool_says_so_and_no_more_often_than_was_said(broker) {
        let runs = Runs::default();
        let agent = Agent::new("calc").tools(tools![third]).state(Arc::clone(&runs));
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.call("third", ()).retry(Retry::new().attempts(2)).await.unwrap_err();
        assert!(matches!(&error, CallError::Tool { code: Some(code), .. } if code == "early"), "{error:?}");
        assert_eq!(runs.swap(0, SeqCst), 2);
        assert_eq!(client.call("third", ()).retry(Retry::new()).returning::<u32>().await.unwrap(), 3);
        assert_eq!(runs.load(SeqCst), 3);
        agent.stop().await;
    }

    async fn a_call_that_is_not_answered_is_made_again_where_the_tool_may_run_twice(broker) {
        let runs = Runs::default();
        let agent = Agent::new("calc").tools(tools![second, once]).state(Arc::clone(&runs));
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let retry = Retry::new().attempt_timeout(Duration::from_millis(300));
        assert_eq!(soon(client.call("second", ()).retry(retry).into_future()).await.unwrap(), json!(2));
        runs.store(0, SeqCst);
        let error = soon(client.call("once", ()).retry(retry).into_future()).await.unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. } | CallError::TimedOutByServer { .. }), "{error:?}");
        assert_eq!(runs.load(SeqCst), 1);
        agent.stop().await;
    }

    async fn a_call_is_made_again_when_the_server_was_busy(broker) {
        let watch = Watch::default();
        let limits = Limits::default().with_concurrency(1).with_queue(0);
        let agent = Agent::new("calc").tools(tools![gated]).state(watch.clone()).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let first = tokio::spawn(client.call("gated", ()).into_future());
        watch.until_began(1).await;
        let retry = Retry::new().attempts(1000).wait(Duration::from_millis(5));
        let second = tokio::spawn(client.call("gated", ()).retry(retry).into_future());
        let stats = || async { client.server("calc").stats().await.unwrap().tools["gated"].errors.get("unavailable").copied() };
        support::eventually("it was refused", stats).await;
        watch.0.go_on.notify_one();
        first.await.unwrap().unwrap();
        watch.until_began(2).await;
        watch.0.go_on.notify_one();
        second.await.unwrap().unwrap();
        agent.stop().await;
    }
}
