//! Agents as `impl` blocks: state by `&self`, several values, generic ones.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use mqtt_agent::prelude::*;
use support::{RawPeer, json as body, on_each_broker, reply_to};

#[derive(Default)]
struct Counter {
    count: AtomicU64,
    log: Mutex<Vec<String>>,
}

#[agent("counting")]
impl Counter {
    /// Adds to the count, and tells it.
    #[tool(idempotent = false)]
    async fn add_up(&self, #[arg(range = 1..=100)] by: u64, cx: &Context) -> Result<u64, String> {
        self.log.lock().unwrap().push(cx.caller().claim().to_owned());
        Ok(self.count.fetch_add(by, Ordering::SeqCst) + by)
    }

    /// Does not look at the agent.
    #[tool("describe-counter")]
    fn describe() -> &'static str {
        "it counts"
    }

    /// Slow, so it runs on the blocking pool.
    #[tool(blocking)]
    fn callers(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    #[on("count/{by}")]
    async fn added(&self, by: u64, cx: &Context) -> Result<(), String> {
        let count = self.count.fetch_add(by, Ordering::SeqCst) + by;
        self.counted(count).name("counter").publish(&cx.client()).await.map_err(|error| error.to_string())
    }

    #[request("counter/get", caller)]
    fn get(&self) -> Result<u64, String> {
        Ok(self.count.load(Ordering::SeqCst))
    }

    /// The count after it changed.
    #[event("{name}/changed")]
    fn counted(&self, name: &str, count: u64);

    fn not_served(&self) -> u64 {
        self.get().unwrap_or_default()
    }
}

trait Store: Send + Sync + 'static {
    fn name(&self) -> String;
}

struct Disk;
struct Memory;

impl Store for Disk {
    fn name(&self) -> String {
        "disk".to_owned()
    }
}

impl Store for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }
}

struct Keeper<S> {
    store: S,
}

#[agent]
impl<S: Store> Keeper<S> {
    /// Where things are kept.
    #[tool]
    async fn kept_in(&self) -> String {
        self.store.name()
    }
}

on_each_broker! {
    async fn methods_share_their_value(broker) {
        let agent = Agent::of(Counter::default()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.server("counting").await.unwrap().unwrap().tools, ["add_up", "callers", "describe-counter"]);
        assert_eq!(client.call("add_up", json!({"by": 2})).await.unwrap(), json!(2));
        assert_eq!(client.call("add_up", json!({"by": 3})).await.unwrap(), json!(5));
        let refused = client.call("add_up", json!({"by": 0})).await.unwrap_err().to_string();
        assert!(refused.contains("/by"), "{refused}");
        assert_eq!(client.call("describe-counter", ()).await.unwrap(), json!("it counts"));
        assert_eq!(client.call("callers", ()).await.unwrap(), json!([client.id(), client.id()]));

        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
        peer.subscribe("counter/changed").await;
        peer.publish("count/10", "", Default::default()).await;
        assert_eq!(body(&peer.next("counter/changed").await), json!(15));
        peer.publish("counter/get", "", reply_to("a2a/v1/mcp/clients/peer/responses", b"1")).await;
        assert_eq!(body(&peer.next("a2a/v1/mcp/clients/peer/responses").await), json!(15));
        assert_eq!(Counter::get_request().send(&client).await.unwrap(), 15);
        client.close().await;
        agent.stop().await;
    }

    async fn a_generic_block_is_served_for_each_value(broker) {
        for (agent, name) in [
            (Agent::of(Keeper { store: Disk }), "disk"),
            (Agent::of(Keeper { store: Memory }), "memory"),
        ] {
            let agent = agent.start(&broker.url()).await.unwrap();
            assert_eq!(agent.client().id(), "keeper");
            assert_eq!(agent.client().call("kept_in", ()).await.unwrap(), json!(name));
            agent.stop().await;
        }
    }

    async fn two_values_and_a_function_are_one_agent(broker) {
        /// Says it again.
        #[tool]
        fn again(text: String) -> String {
            text
        }
        let agent = Agent::of(Counter::default()).with(Keeper { store: Disk }).tools(tools![again]).id("all");
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = agent.client();
        assert_eq!(client.call("kept_in", ()).await.unwrap(), json!("disk"));
        assert_eq!(client.call("add_up", json!({"by": 1})).await.unwrap(), json!(1));
        assert_eq!(client.call("again", json!({"text": "x"})).await.unwrap(), json!("x"));
        agent.stop().await;
    }
}

#[test]
fn a_method_stays_a_method() {
    let counter = Counter::default();
    assert_eq!(counter.not_served(), 0);
}
