//! Calls that are dropped at once all cancel their handlers (`MCP-17`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mqtt_agent::param::Call;
use mqtt_agent::prelude::*;
use mqtt_agent::registry::{Handler, Location, ToolDef};
use mqtt_agent::reply::{Reply, ToolFuture};
use mqtt_agent::{Limits, registry};
use support::{RawPeer, TestBroker, on_each_broker, reply_to};
use tokio::task::JoinSet;

/// The calls that a client sends before the first of them is answered are counted for each tool, so the calls are spread
/// over many tools.
const EACH: usize = 50;

/// How many handlers run.
#[derive(Debug, Default)]
struct Running(AtomicUsize);

struct Inside(Arc<Running>);

impl Inside {
    fn new(running: &Arc<Running>) -> Self {
        running.0.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(running))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn endless<'a>(call: &mut Call<'a>) -> Result<ToolFuture<'a>, registry::Refused> {
    let running = Arc::clone(call.context().state::<Arc<Running>>().expect("a state"));
    Ok(Box::pin(async move {
        let _inside = Inside::new(&running);
        std::future::pending::<()>().await;
        ().into_answer()
    }))
}

/// `endless_0`, `endless_1` and so on. Definitions live as long as the program, as those of `#[tool]` do.
fn tools(count: usize) -> Vec<&'static ToolDef> {
    let tool = |number| {
        let name: &'static str = format!("endless_{number}").leak();
        let (output, location) = (<() as Reply>::schema, Location::new(file!(), line!()));
        let tool = ToolDef::new(name, "Never ends.", &[], output, Handler::Async(endless), location);
        &*Box::leak(Box::new(tool.timeout_ms(600_000)))
    };
    (0..count).map(tool).collect()
}

async fn until(running: &Running, count: usize, within: Duration) -> Duration {
    let begun = Instant::now();
    while running.0.load(Ordering::SeqCst) != count {
        let left = running.0.load(Ordering::SeqCst);
        assert!(begun.elapsed() < within, "{left} handlers run after {within:?}, and not {count}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

/// Makes so many calls of one client, drops them all at once, and gives how long the handlers ran on.
async fn dropped_at_once(broker: &TestBroker, calls: usize, within: Duration) -> Duration {
    let running = Arc::new(Running::default());
    // One caller has seven eighths of the places.
    let limits = Limits::default().with_concurrency(calls + calls / 6).with_queue(calls);
    let agent = Agent::new("worker").limits(limits).state(Arc::clone(&running)).tools(tools(calls / EACH));
    let agent = agent.start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    let mut made = JoinSet::new();
    for number in 0..calls {
        let call = client.call(format!("endless_{}", number / EACH), ()).timeout(Duration::from_secs(600));
        made.spawn(call.into_future());
        if number % 500 == 499 {
            // No more on the way than a broker's queue holds: the tools do not know of each other.
            until(&running, number + 1, Duration::from_secs(60)).await;
        }
    }
    until(&running, calls, Duration::from_secs(60)).await;
    made.abort_all();
    let ran_on = until(&running, 0, within).await;
    client.close().await;
    agent.stop().await;
    ran_on
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute; run it alone, with --release --nocapture"]
async fn mcp_17_a_hundred_thousand_calls_dropped_at_once_cancel_all_their_handlers() {
    let broker = TestBroker::configured("max_queued_messages 0").await;
    let ran_on = dropped_at_once(&broker, 100_000, Duration::from_secs(60)).await;
    println!("the last handler ended {ran_on:?} after its call was dropped");
}

on_each_broker! {
    async fn mcp_17_five_thousand_calls_dropped_at_once_cancel_all_their_handlers(broker) {
        // 2 s where the machine is not shared with other tests.
        let ran_on = dropped_at_once(broker, 5000, Duration::from_secs(10)).await;
        println!("the last handler ended {ran_on:?} after its call was dropped");
    }

    async fn mcp_17_a_call_dropped_with_its_client_is_cancelled(broker) {
        let running = Arc::new(Running::default());
        let agent = Agent::new("worker").state(Arc::clone(&running)).tools(tools(1));
        let agent = agent.start(&broker.url()).await.unwrap();
        for closed in [true, false] {
            let client = Client::connect(&broker.url()).await.unwrap();
            let mut made = JoinSet::new();
            for _ in 0..20 {
                made.spawn(client.call("endless_0", ()).into_future());
            }
            until(&running, 20, Duration::from_secs(10)).await;
            made.shutdown().await;
            if closed {
                client.close().await;
            } else {
                drop(client);
            }
            until(&running, 0, Duration::from_secs(10)).await;
        }
        agent.stop().await;
    }

    async fn mcp_17_one_message_cancels_several_calls_of_its_own_reply_topic(broker) {
        let running = Arc::new(Running::default());
        let agent = Agent::new("worker").state(Arc::clone(&running)).tools(tools(1));
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let (responses, cancel) = ("a2a/v1/mcp/clients/peer/responses", "a2a/v1/mcp/tools/endless_0/cancel");
        for id in ["a", "b", "c"] {
            let call = json!({"call_id": id, "client": "peer"}).to_string();
            peer.publish("a2a/v1/mcp/tools/endless_0/call", call, reply_to(responses, id.as_bytes())).await;
        }
        until(&running, 3, Duration::from_secs(10)).await;
        let (others, own) = (reply_to("a2a/v1/mcp/clients/mallory/responses", b""), reply_to(responses, b""));
        peer.publish(cancel, r#"{"call_ids":["a","b","c"],"client":"peer"}"#, others).await;
        peer.publish(cancel, r#"{"call_ids":["a",7,"b"],"client":"peer"}"#, own).await;
        until(&running, 1, Duration::from_secs(10)).await;
        agent.stop().await;
    }
}
