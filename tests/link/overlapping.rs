//! Filters that overlap: each handler runs once for each message, whatever the broker makes of it.

use mqtt_agent::prelude::*;
use support::fake_broker::Packet;
use support::{FakeBroker, Knobs};
use tokio::sync::mpsc;

type Heard = mpsc::Sender<(&'static str, String)>;

#[on("over/{room}/{what}")]
fn level(room: &str, what: &str, State(heard): State<Heard>) {
    drop(heard.try_send(("level", format!("{room}/{what}"))));
}

#[on("over/{rest...}")]
fn tail(rest: &str, State(heard): State<Heard>) {
    drop(heard.try_send(("tail", rest.to_owned())));
}

#[on("over/kitchen/{what}")]
fn kitchen(what: &str, State(heard): State<Heard>) {
    drop(heard.try_send(("kitchen", format!("kitchen/{what}"))));
}

/// What the three handlers hear when these topics are published, in the order of names.
async fn heard(knobs: Knobs, topics: &[&str]) -> Vec<(&'static str, String)> {
    let identifiers = knobs.identifiers;
    let broker = FakeBroker::start(knobs).await;
    let (sender, mut heard) = mpsc::channel(256);
    let agent = Agent::new("ear").handlers(handlers![level, tail, kitchen]).state(sender);
    let agent = agent.start(&broker.url()).await.unwrap();
    for topic in topics {
        broker.publish(topic, "");
    }
    broker.settled().await;
    agent.stop().await;
    if !identifiers {
        let with_one = broker.seen().count(
            |event| matches!(&event.packet, Packet::Subscribe(subscribe) if subscribe.identifier.is_some()),
        );
        assert_eq!(with_one, 0, "SUB-10a: no identifier is sent");
    }
    assert_eq!(broker.seen().connects(), 1);
    let mut all = Vec::new();
    while let Ok(one) = heard.try_recv() {
        all.push(one);
    }
    all.sort();
    all
}

async fn each_handler_runs_once_for_each_message(knobs: Knobs) {
    let names: Vec<String> = (0..20).map(|number| format!("kitchen/{number:02}")).collect();
    let topics: Vec<String> = names.iter().map(|name| format!("over/{name}")).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut expected = Vec::new();
    for handler in ["kitchen", "level", "tail"] {
        expected.extend(names.iter().map(|name| (handler, name.clone())));
    }
    assert_eq!(heard(knobs, &topics).await, expected);
}

async fn two_equal_messages_are_two(knobs: Knobs) {
    let twice = ["over/kitchen/x", "over/kitchen/x"];
    let mut expected = Vec::new();
    for handler in ["kitchen", "level", "tail"] {
        expected.extend([(handler, "kitchen/x".to_owned()), (handler, "kitchen/x".to_owned())]);
    }
    assert_eq!(heard(knobs, &twice).await, expected);
}

#[tokio::test]
async fn with_identifiers_and_a_copy_for_each_subscription_each_handler_runs_once() {
    each_handler_runs_once_for_each_message(Knobs::default()).await;
}

#[tokio::test]
async fn with_several_identifiers_on_one_copy_each_handler_runs_once() {
    each_handler_runs_once_for_each_message(Knobs { merge: true, ..Knobs::default() }).await;
}

#[tokio::test]
async fn without_identifiers_and_with_a_copy_for_each_subscription_each_handler_runs_once() {
    each_handler_runs_once_for_each_message(Knobs { identifiers: false, ..Knobs::default() }).await;
}

#[tokio::test]
async fn without_identifiers_and_with_one_copy_each_handler_runs_once() {
    each_handler_runs_once_for_each_message(Knobs { identifiers: false, merge: true, ..Knobs::default() })
        .await;
}

#[tokio::test]
async fn two_equal_messages_are_two_with_identifiers() {
    two_equal_messages_are_two(Knobs::default()).await;
    two_equal_messages_are_two(Knobs { merge: true, ..Knobs::default() }).await;
}

#[tokio::test]
async fn two_equal_messages_are_two_without_identifiers_and_with_one_copy() {
    two_equal_messages_are_two(Knobs { identifiers: false, merge: true, ..Knobs::default() }).await;
}

#[tokio::test]
async fn two_equal_messages_are_two_without_identifiers_and_with_a_copy_for_each_subscription() {
    two_equal_messages_are_two(Knobs { identifiers: false, ..Knobs::default() }).await;
}

#[tokio::test]
async fn a_message_that_one_of_three_filters_matches_runs_that_handler_alone() {
    for (identifiers, merge) in [(true, false), (true, true), (false, false), (false, true)] {
        let knobs = Knobs { identifiers, merge, ..Knobs::default() };
        let heard = heard(knobs, &["over/attic", "over/hall/y"]).await;
        let expected =
            [("level", "hall/y".to_owned()), ("tail", "attic".to_owned()), ("tail", "hall/y".to_owned())];
        assert_eq!(heard, expected, "identifiers {identifiers}, merged {merge}");
    }
}
