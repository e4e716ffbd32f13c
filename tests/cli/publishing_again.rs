//! `bridge::Publisher` where the broker or the server does not do what it is asked to, and what is tried again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mqtt_agent::bridge::{McpServer, PublishEvent, Published, Publisher};
use mqtt_agent::prelude::*;
use support::fake_broker::{Action, Event, Hook, Packet, Properties};
use support::{FakeBroker, Knobs, soon};

use crate::published::SERVER;

/// How long the broker has to answer.
const WITHIN: Duration = Duration::from_secs(2);

/// The server of these tests, which writes nothing down.
fn publisher(broker: &FakeBroker, how: &str) -> Publisher {
    let options = ConnectOptions::new(broker.url()).connect_timeout(WITHIN);
    Publisher::new(options, McpServer::command(SERVER, ["/dev/null", how]))
}

/// Whether a client subscribes to the calls of a tool.
fn subscribes(event: &Event, tool: &str) -> bool {
    let calls = format!("/tools/{tool}/call");
    matches!(&event.packet, Packet::Subscribe(subscribe) if subscribe.filters.iter().any(|(filter, _)| filter.ends_with(&calls)))
}

/// Waits until a tool is served.
async fn until_served(published: &mut Published, tool: &str) {
    let served = async {
        loop {
            match published.next().await.expect("it goes on") {
                PublishEvent::Online { tools } if tools.iter().any(|served| served == tool) => return,
                PublishEvent::Dropped { tool: dropped, reason } if dropped == tool => {
                    panic!("{tool}: {reason}")
                }
                _ => {}
            }
        }
    };
    soon(served).await;
}

/// Why `echo` is left out, which is the only one.
async fn left_out(published: &mut Published) -> String {
    let tools = published.tools();
    assert!(tools.contains(&"each".to_owned()) && !tools.contains(&"echo".to_owned()), "{tools:?}");
    loop {
        match soon(published.next()).await.expect("it goes on") {
            PublishEvent::Dropped { tool, reason } if tool == "echo" => return reason,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_for_which_the_broker_has_no_answer_in_time_is_served_later() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let mut published = soon(publisher(&broker, "").start()).await.unwrap();
    let client = Client::connect(broker.url()).await.unwrap();
    let is_ignored = AtomicBool::new(false);
    let once = move |event: &Event| {
        (subscribes(event, "more") && !is_ignored.swap(true, Ordering::SeqCst)).then_some(Action::Ignore)
    };
    broker.set(|knobs| knobs.hook = Hook::new(once));
    assert_eq!(client.call("change", ()).await.unwrap(), "changed");
    until_served(&mut published, "more").await;
    published.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_for_which_the_broker_never_has_an_answer_does_not_hold_up_the_others() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let mut published = soon(publisher(&broker, "two").start()).await.unwrap();
    let client = Client::connect(broker.url()).await.unwrap();
    let never = |event: &Event| subscribes(event, "more").then_some(Action::Ignore);
    broker.set(|knobs| knobs.hook = Hook::new(never));
    assert_eq!(client.call("change", ()).await.unwrap(), "changed");
    until_served(&mut published, "other").await;
    published.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_at_which_the_broker_ends_each_connection_is_left_out_and_the_others_are_served() {
    let end = |event: &Event| subscribes(event, "echo").then(|| Action::Disconnect(0x82, Properties::new()));
    let broker = FakeBroker::start(Knobs { hook: Hook::new(end), ..Knobs::default() }).await;
    let options = ConnectOptions::new(broker.url());
    let mut published =
        soon(Publisher::new(options, McpServer::command(SERVER, ["/dev/null", ""])).start()).await.unwrap();
    let reason = left_out(&mut published).await;
    assert!(reason.contains("the connection ended each time"), "{reason}");
    published.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_fails_is_asked_for_again() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let mut published = soon(publisher(&broker, "moody").start()).await.unwrap();
    let client = Client::connect(broker.url()).await.unwrap();
    assert_eq!(client.call("change", ()).await.unwrap(), "changed");
    until_served(&mut published, "more").await;
    published.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_an_answer_of_the_broker_is_an_error() {
    let never = |event: &Event| subscribes(event, "echo").then_some(Action::Ignore);
    let broker = FakeBroker::start(Knobs { hook: Hook::new(never), ..Knobs::default() }).await;
    let error = soon(publisher(&broker, "").start()).await.unwrap_err();
    assert!(error.to_string().contains("SUBSCRIBE"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_the_broker_denies_is_left_out_and_the_others_are_served() {
    let refuse_subscribe = vec![("/tools/echo/call", 0x87)];
    let broker = FakeBroker::start(Knobs { refuse_subscribe, ..Knobs::default() }).await;
    let mut published = soon(publisher(&broker, "").start()).await.unwrap();
    let reason = left_out(&mut published).await;
    assert!(reason.contains("denied"), "{reason}");
    published.stop().await;
}
