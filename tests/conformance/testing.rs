//! Tests as users write them, with `#[mqtt_agent::test]`.

use std::error::Error;

use mqtt_agent::prelude::*;
use mqtt_agent::testing::{FromTest, TestAgent};

use crate::tools::*;

#[mqtt_agent::test(agent = Agent::new("calc").tools(tools![add]))]
async fn an_agent_is_given(agent: TestAgent) {
    assert_eq!(agent.call("add", json!({"a": 1, "b": 2})).await.unwrap(), json!({"sum": 3.0}));
    assert!(agent.url().starts_with("mqtt://127.0.0.1:"));
    let server = agent.client().server("calc").await.unwrap().unwrap();
    assert_eq!(server.tools, ["add"]);
}

#[mqtt_agent::test(agent = Agent::new("calc").tools(tools![whoami]), timeout = "20s")]
async fn each_client_is_a_peer(
    one: Client,
    agent: TestAgent,
    other: Client,
) -> Result<(), mqtt_agent::CallError> {
    assert_ne!(one.id(), other.id());
    let who = agent.call("whoami", ()).await?;
    assert_ne!(who, one.call("whoami", ()).await?);
    assert_eq!(one.call("whoami", ()).await?, json!(format!("{} untraced", one.id())));
    Ok(())
}

/// What the tests below begin with.
struct Three(f64);

impl FromTest for Three {
    async fn from_test(agent: &TestAgent) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let sum: Sum = agent.call("add", json!({"a": 1, "b": 2})).returning().await?;
        Ok(Self(sum.sum))
    }
}

async fn calculator() -> Agent {
    Agent::new("calc").tools(tools![add])
}

#[mqtt_agent::test(agent = calculator().await)]
async fn parameters_of_one_s_own(Both(Three(three), agent): Both<Three, TestAgent>) {
    assert_eq!(three, 3.0);
    drop(agent);
}

impl<A: FromTest, B: FromTest> FromTest for Both<A, B> {
    async fn from_test(agent: &TestAgent) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self(A::from_test(agent).await?, B::from_test(agent).await?))
    }
}

/// Two of them.
struct Both<A, B>(A, B);

/// What there is none of.
struct Four;

impl FromTest for Four {
    async fn from_test(_: &TestAgent) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Err("there are three")?
    }
}

#[mqtt_agent::test(agent = calculator().await)]
#[should_panic(expected = "a parameter of `what_cannot_be_made_is_told` could not be made: there are three")]
async fn what_cannot_be_made_is_told(_: Four) {}

#[mqtt_agent::test(agent = Agent::new("no/agent").tools(tools![counted_add]))]
#[should_panic(expected = "cannot start, for 2 reasons")]
async fn what_keeps_the_agent_from_starting_is_told(_: TestAgent) {}

#[test]
fn what_keeps_the_agent_from_starting_is_told_at_the_test() {
    thread_local! {
        static PLACE: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    }
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(std::panic::Location::file).unwrap_or_default();
        PLACE.set(place.to_owned());
        others(panic);
    }));
    let outcome = std::panic::catch_unwind(what_keeps_the_agent_from_starting_is_told);
    assert!(outcome.is_err());
    assert_eq!(PLACE.take(), file!());
}

#[mqtt_agent::test(agent = Agent::new("calc").tools(tools![add]), timeout = "50ms")]
#[should_panic(
    expected = "`a_test_has_a_limit` did not end within 50 ms; give it longer with `timeout = \"..\"`"
)]
async fn a_test_has_a_limit() {
    std::future::pending().await
}

#[mqtt_agent::test(agent = Agent::new("calc").tools(tools![add]))]
#[should_panic(expected = "on purpose")]
async fn a_panic_is_the_test_s_own(_: TestAgent) {
    panic!("on purpose")
}

/// Handlers that block hold up nobody.
#[mqtt_agent::test(agent = Agent::new("calc").tools(tools![blocking_add]))]
async fn blocking_tools_run(agent: TestAgent) {
    let calls = (0..8).map(|n| agent.call("blocking_add", json!({"a": n, "b": 1})).into_future());
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

#[test]
fn the_agent_is_stopped_however_the_test_ends() {
    let (told, status) = std::sync::mpsc::channel();
    let test = move || {
        mqtt_agent::__private::testing::run("test", 10_000, calculator(), |agent| async move {
            let url = agent.url().to_owned();
            let (ready, watches) = tokio::sync::oneshot::channel();
            // On a runtime of its own, which outlives that of the test.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut peer = support::RawPeer::connect(&url, "peer").await;
                    peer.subscribe("a2a/v1/mcp/servers/calc/card").await;
                    let mut status = async || {
                        support::json(&peer.next("a2a/v1/mcp/servers/calc/card").await)["status"].clone()
                    };
                    assert_eq!(status().await, "online");
                    ready.send(()).unwrap();
                    told.send(status().await).unwrap();
                });
            });
            watches.await.unwrap();
            panic!("on purpose")
        })
    };
    let outcome: std::thread::Result<()> = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
    assert!(outcome.is_err());
    assert_eq!(status.recv_timeout(support::SOON).unwrap(), "offline");
}

type Release = std::sync::Arc<std::sync::Mutex<std::sync::mpsc::Receiver<()>>>;

/// Blocks until it is released.
#[tool(blocking)]
fn block(State(release): State<Release>) {
    let _ = release.lock().unwrap().recv();
}

#[test]
fn a_blocking_handler_that_does_not_end_does_not_keep_its_test_from_ending() {
    let (release, wait) = std::sync::mpsc::channel();
    let wait: Release = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let limits = mqtt_agent::Limits::default().with_grace(std::time::Duration::from_millis(10));
    let agent = Agent::new("calc").tools(tools![block]).state(wait).limits(limits);
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        mqtt_agent::__private::testing::run("test", 10_000, async { agent }, |agent| async move {
            let call = agent.call("block", ()).timeout(std::time::Duration::from_millis(200));
            assert!(call.await.is_err());
            Ok(())
        });
        ended.send(()).unwrap();
    });
    end.recv_timeout(support::SOON).expect("in time");
    drop(release);
}

#[mqtt_agent::test(agent = Agent::new("calc").tools(tools![add]))]
async fn stopping_twice_is_stopping_once(agent: TestAgent) {
    agent.stop().await;
    agent.clone().stop().await;
    assert!(agent.call("add", json!({"a": 1, "b": 2})).await.is_err());
}

/// Generated code names nothing that a user could shadow or be without.
mod hygiene {
    #![no_implicit_prelude]
    #![deny(warnings)]
    #![allow(dead_code)]
    use ::mqtt_agent as renamed;

    struct Result;
    struct Box;
    struct Ok;
    struct Agent;

    #[renamed::test(agent = renamed::Agent::new("none").tools(renamed::tools![]), crate = renamed)]
    async fn named_by_path(
        agent: renamed::testing::TestAgent,
    ) -> ::core::result::Result<(), ::std::string::String> {
        let _ = agent;
        ::core::result::Result::Ok(())
    }
}
