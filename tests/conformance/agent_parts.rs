//! Several `#[agent]` blocks of one type: together they are one agent.

use std::sync::atomic::{AtomicU64, Ordering};

use mqtt_agent::prelude::*;
use support::{RawPeer, json as body, on_each_broker, reply_to};

#[derive(Default)]
struct House {
    celsius: AtomicU64,
}

#[agent("house", parts("heating", "doors", "meter"))]
impl House {
    /// Whether anybody is in.
    #[tool("anybody-in")]
    fn anybody_in(&self) -> bool {
        true
    }
}

/// In a module of its own, as in a file of its own.
mod heating {
    use super::*;

    #[agent(part = "heating")]
    impl House {
        /// Sets the temperature that it should be.
        #[tool("set-house")]
        fn set(&self, celsius: u64) {
            self.celsius.store(celsius, Ordering::SeqCst);
        }

        /// Warms the house.
        #[skill("warm-house")]
        async fn warm(&self, #[arg(range = 1..)] by: u64) -> u64 {
            self.celsius.fetch_add(by, Ordering::SeqCst) + by
        }

        #[request("house/celsius/get")]
        fn celsius(&self) -> Result<u64, String> {
            Ok(self.celsius.load(Ordering::SeqCst))
        }
    }
}

#[agent(part = "doors")]
impl House {
    #[on("house/{door}/opened")]
    async fn opened(&self, door: &str, cx: &Context) -> Result<(), String> {
        let celsius = self.celsius.load(Ordering::SeqCst);
        self.draught(celsius).door(door).publish(&cx.client()).await.map_err(|error| error.to_string())
    }

    /// A door is open.
    #[event("house/{door}/draught")]
    fn draught(&self, door: &str, celsius: u64);
}

#[remote]
trait Meter {
    /// What was used.
    async fn used(&self) -> Result<u64, String>;
}

#[agent(part = "meter")]
impl Meter for House {
    async fn used(&self) -> Result<u64, String> {
        Ok(self.celsius.load(Ordering::SeqCst) * 2)
    }
}

trait Store: Send + Sync + 'static {
    const NAME: &'static str;
}

struct Memory;

impl Store for Memory {
    const NAME: &'static str = "memory";
}

struct Shelf<S>(S);

#[agent(parts("inside"))]
impl<S: Store> Shelf<S> {
    /// What it is made of.
    #[tool("shelf-made-of")]
    fn made_of(&self) -> &'static str {
        S::NAME
    }
}

#[agent(part = "inside")]
impl<S: Store> Shelf<S> {
    /// What is on it.
    #[tool("on-shelf")]
    fn on_it(&self) -> String {
        let _ = &self.0;
        format!("things in {}", S::NAME)
    }
}

on_each_broker! {
    async fn the_methods_of_all_blocks_share_their_value(broker) {
        let agent = Agent::of(House::default()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let served = client.server("house").await.unwrap().unwrap();
        assert_eq!(served.tools, ["anybody-in", "set-house", "used"]);
        assert_eq!(client.call("anybody-in", ()).await.unwrap(), json!(true));
        client.call("set-house", json!({"celsius": 20})).await.unwrap();
        assert_eq!(MeterRemote::new(&client).used().await.unwrap(), 40);
        let warm = NewTask::skill("warm-house").data(&json!({"by": 1}));
        let warmed: u64 = client.request("house", warm).returning().await.unwrap();
        assert_eq!(warmed, 21);

        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
        peer.subscribe("house/front/draught").await;
        peer.publish("house/front/opened", "", Default::default()).await;
        assert_eq!(body(&peer.next("house/front/draught").await), json!(21));
        peer.publish("house/celsius/get", "", reply_to("a2a/v1/mcp/clients/peer/responses", b"1")).await;
        assert_eq!(body(&peer.next("a2a/v1/mcp/clients/peer/responses").await), json!(21));
        client.close().await;
        agent.stop().await;
    }

    async fn the_blocks_of_a_generic_type_are_served(broker) {
        let agent = Agent::of(Shelf(Memory)).start(&broker.url()).await.unwrap();
        assert_eq!(agent.client().call("shelf-made-of", ()).await.unwrap(), json!("memory"));
        assert_eq!(agent.client().call("on-shelf", ()).await.unwrap(), json!("things in memory"));
        agent.stop().await;
    }
}
