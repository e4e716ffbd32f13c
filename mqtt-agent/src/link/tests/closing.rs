//! The end of a connection, intended or not.

use std::time::{Duration, Instant};

use super::broker::Broker;
use super::proxy::{NOWHERE, Proxy};
use super::{DEADLINE, connect, disconnected, open, options, soon, subscribe, text};
use crate::link::{ConnectionState, Filter, Message, PublishError, SubscribeError, Will};

#[tokio::test]
async fn closing_loses_nothing_that_was_accepted() {
    let broker = Broker::start().await;
    let (link, reader) = (connect(broker.url()).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&reader, "last").await;
    let mut receipts = Vec::new();
    for number in 0..500 {
        receipts.push(link.enqueue(Message::new("last", number.to_string())).await.unwrap());
    }
    soon(link.close(DEADLINE)).await;
    for mut receipt in receipts {
        receipt.try_outcome().expect("closing waited for it").unwrap();
    }
    for number in 0..500 {
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), number.to_string());
    }
    assert_eq!(link.publish(Message::new("last", "")).await, Err(PublishError::Closed));
    assert_eq!(link.try_enqueue(Message::new("last", "")).map(drop), Err(PublishError::Closed));
    let refused =
        link.subscribe(vec![Filter::new("x")], crate::link::MessageHandler::in_memory(|_| {})).await;
    assert!(matches!(refused[0], Err(SubscribeError::Closed { .. })));
    assert_eq!(*link.state().borrow(), ConnectionState::Stopped);
    soon(link.close(DEADLINE)).await;
    soon(link.abort()).await;
    reader.close(DEADLINE).await;
}

fn with_will(url: String) -> crate::link::LinkOptions {
    let mut options = options(url);
    options.will =
        Some(Will { message: Message::new("will", "gone").with_user("w", "1"), delay: Duration::ZERO });
    options.session_expiry = Duration::from_secs(1);
    options
}

#[tokio::test]
async fn the_will_is_for_a_crash_and_not_for_a_goodbye() {
    let broker = Broker::start().await;
    let reader = connect(broker.url()).await;
    let (_subscription, mut inbox) = subscribe(&reader, "will").await;
    open(with_will(broker.url())).await.close(DEADLINE).await;
    let crashing = open(with_will(broker.url())).await;
    soon(reader.publish(Message::new("will", "marker"))).await.unwrap();
    assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "marker", "the first one said goodbye");
    crashing.abort().await;
    let will = soon(inbox.recv()).await.unwrap();
    assert_eq!(text(&will), "gone");
    assert_eq!(will.properties.user("w"), Some("1"));
    will.done();
    reader.close(DEADLINE).await;
}

#[tokio::test]
async fn the_last_handle_ends_the_task() {
    let broker = Broker::start().await;
    let reader = connect(broker.url()).await;
    let (_subscription, mut inbox) = subscribe(&reader, "dropped").await;
    let link = connect(broker.url()).await;
    let mut state = link.state();
    let (subscription, mut unheard) = subscribe(&link, "x").await;
    drop(link.try_enqueue(Message::new("dropped", "flushed")).unwrap());
    drop(link);
    assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "flushed");
    assert!(matches!(*state.borrow(), ConnectionState::Connected { .. }), "a subscription keeps it");
    // A message that somebody keeps does not.
    soon(reader.publish(Message::new("x", ""))).await.unwrap();
    let _kept = soon(unheard.recv()).await.unwrap();
    drop(subscription);
    soon(state.wait_for(|state| *state == ConnectionState::Stopped)).await.unwrap();
    reader.close(DEADLINE).await;
}

#[tokio::test]
async fn closing_ends_in_time_without_a_broker() {
    let broker = Broker::start().await;
    let proxy = Proxy::start(broker.address).await;
    let link = connect(proxy.url()).await;
    proxy.lead_to(NOWHERE.into());
    disconnected(&link).await;
    let mut receipt = link.try_enqueue(Message::new("t", "")).unwrap();
    let started = Instant::now();
    soon(link.close(Duration::from_millis(200))).await;
    assert!(started.elapsed() >= Duration::from_millis(200), "it waited for the broker to come back");
    assert_eq!(receipt.try_outcome(), Some(Err(PublishError::Closed)));
}

#[tokio::test]
async fn closing_ends_in_time_with_a_hanging_broker() {
    let broker = Broker::start().await;
    let proxy = Proxy::start(broker.address).await;
    let link = connect(proxy.url()).await;
    proxy.freeze(true);
    let mut receipt = link.try_enqueue(Message::new("t", "")).unwrap();
    let started = Instant::now();
    soon(link.close(Duration::from_millis(100))).await;
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(receipt.try_outcome(), Some(Err(PublishError::Interrupted)));
}

#[tokio::test]
async fn closing_waits_for_messages_that_are_being_worked_on() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let (_subscription, mut inbox) = subscribe(&link, "work").await;
    soon(link.publish(Message::new("work", ""))).await.unwrap();
    let working = soon(inbox.recv()).await.unwrap();
    let closing = {
        let link = link.clone();
        tokio::spawn(async move { link.close(DEADLINE).await })
    };
    // Refused publishes are the sign that closing has begun.
    while link.try_enqueue(Message::new("t", "")).is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished());
    working.done();
    soon(closing).await.unwrap();
}
