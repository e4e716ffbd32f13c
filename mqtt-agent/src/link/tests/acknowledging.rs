//! Acknowledgements: messages that are left to the session come again, and unread messages do not delay others before
//! their limits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::broker::Broker;
use super::proxy::Proxy;
use super::{DEADLINE, Got, connect, epoch, open, options, soon, subscribe, text};
use crate::link::{ConnectionState, Filter, Link, LinkOptions, Message, MessageHandler, Subscription};
use tokio::sync::mpsc;

/// Options with a session that is kept.
fn kept(url: String, receive_maximum: u16) -> LinkOptions {
    let mut options = options(url);
    options.clean_start = false;
    options.session_expiry = DEADLINE;
    options.receive_maximum = receive_maximum;
    options
}

async fn send(link: &Link, topic: &str, numbers: std::ops::Range<u32>) {
    for number in numbers {
        soon(link.publish(Message::new(topic, number.to_string()))).await.unwrap();
    }
}

async fn next(inbox: &mut mpsc::UnboundedReceiver<Got>) -> Got {
    soon(inbox.recv()).await.unwrap()
}

/// The next message's text; it is acknowledged.
async fn next_text(inbox: &mut mpsc::UnboundedReceiver<Got>) -> String {
    let got = next(inbox).await;
    text(&got)
}

/// The number of the connection that there is now, if there is one.
fn current(link: &Link) -> Option<u64> {
    match *link.state().borrow() {
        ConnectionState::Connected { epoch, .. } => Some(epoch),
        _ => None,
    }
}

/// Counts what comes, taken in memory.
async fn heard(link: &Link, filter: &str) -> (Subscription, mpsc::UnboundedReceiver<String>) {
    let (sender, heard) = mpsc::unbounded_channel();
    let handler = MessageHandler::in_memory(move |inbound| drop(sender.send(text(&inbound))));
    (soon(link.subscribe_one(Filter::new(filter), handler)).await.unwrap(), heard)
}

#[tokio::test]
async fn a_message_that_is_left_comes_again_on_the_next_connection_and_later_ones_do_not() {
    let broker = Broker::start().await;
    let (link, sender) = (open(kept(broker.url(), 4)).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&link, "left").await;
    send(&sender, "left", 0..3).await;
    let (first, second, third) = (next(&mut inbox).await, next(&mut inbox).await, next(&mut inbox).await);
    second.done();
    third.done();
    // One of four places: the link makes a new connection at once.
    first.leave();
    epoch(&link, 2).await;
    let again = next(&mut inbox).await;
    assert_eq!((text(&again).as_str(), again.is_poison), ("0", false));
    again.done();
    send(&sender, "left", 3..4).await;
    assert_eq!(next_text(&mut inbox).await, "3", "the later ones were acknowledged");
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn messages_behind_one_that_is_left_are_acknowledged_until_it_has_waited_for_ten_seconds() {
    let broker = Broker::start().await;
    let (link, sender) = (open(kept(broker.url(), 16)).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&link, "left").await;
    send(&sender, "left", 0..1).await;
    next(&mut inbox).await.leave();
    let began = std::time::Instant::now();
    // More than the broker would send without acknowledgements.
    send(&sender, "left", 1..40).await;
    for number in 1..40 {
        assert_eq!(next_text(&mut inbox).await, number.to_string());
    }
    if began.elapsed() < Duration::from_secs(8) {
        assert_eq!(current(&link), Some(1));
    }
    epoch(&link, 2).await;
    assert_eq!(next_text(&mut inbox).await, "0");
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn a_message_that_was_left_three_times_is_poison_and_left_once_more_it_is_given_up() {
    let broker = Broker::start().await;
    let proxy = Proxy::start(broker.address).await;
    let (link, sender) = (open(kept(proxy.url(), 4)).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&link, "left").await;
    send(&sender, "left", 0..1).await;
    for connection in 1..=4 {
        let again = next(&mut inbox).await;
        assert_eq!((text(&again).as_str(), again.is_poison), ("0", connection == 4));
        assert_eq!(current(&link), Some(connection));
        again.leave();
    }
    send(&sender, "left", 1..2).await;
    assert_eq!(next_text(&mut inbox).await, "1");
    assert_eq!(current(&link), Some(4), "what is given up needs no new connection");
    // Both acknowledgements are with the broker: it has answered what was written behind them.
    for _ in 0..2 {
        soon(link.publish(Message::new("nobody", ""))).await.unwrap();
    }
    // It is not with the session any more.
    proxy.cut();
    epoch(&link, 5).await;
    send(&sender, "left", 2..3).await;
    assert_eq!(next_text(&mut inbox).await, "2");
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn an_acknowledgement_that_is_dropped_leaves_its_message_to_the_session() {
    let broker = Broker::start().await;
    let (link, sender) = (open(kept(broker.url(), 4)).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&link, "dropped").await;
    send(&sender, "dropped", 0..1).await;
    drop(next(&mut inbox).await.ack.take().unwrap().or_leave());
    epoch(&link, 2).await;
    let again = next(&mut inbox).await.ack.take().unwrap();
    // Nobody said that it may be: tests fail at that, and users are warned.
    assert!(catch_unwind(AssertUnwindSafe(|| drop(again))).is_err());
    epoch(&link, 3).await;
    assert_eq!(next_text(&mut inbox).await, "0");
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn an_inbox_that_is_not_read_stops_the_socket_only_beyond_its_bytes_and_goes_on_when_it_is_read() {
    const COUNT: usize = 40;
    // As many as a broker sends unacknowledged, 16 at the least, are more than the bytes.
    const SIZE: usize = 8 << 10;
    let broker = Broker::start().await;
    let mut options = kept(broker.url(), 256);
    options.keep_alive = Duration::from_secs(5);
    options.inbox_bytes = 64 << 10;
    let (link, sender) = (open(options).await, connect(broker.url()).await);
    let (handler, mut inbox) = link.inbox("a message");
    let _unread = soon(link.subscribe_one(Filter::new("unread"), handler)).await.unwrap();
    let (_heard, mut heard) = heard(&link, "heard").await;
    let message = || Message::new("unread", vec![b'x'; SIZE]);
    for _ in 0..4 {
        soon(sender.publish(message())).await.unwrap();
    }
    // Half of the bytes: everything else goes on.
    send(&sender, "heard", 0..3).await;
    for number in 0..3 {
        assert_eq!(soon(heard.recv()).await.unwrap(), number.to_string());
    }
    soon(link.publish(Message::new("nobody", ""))).await.unwrap();
    for _ in 4..COUNT {
        soon(sender.publish(message())).await.unwrap();
    }
    send(&sender, "heard", 3..4).await;
    // More than one and a half keep-alives: neither side takes the other for dead.
    let silent = tokio::time::timeout(Duration::from_secs(9), heard.recv()).await;
    assert!(silent.is_err(), "{silent:?}");
    assert_eq!(current(&link), Some(1));
    let mut waiting = std::pin::pin!(link.publish(Message::new("nobody", "")));
    let waited = tokio::time::timeout(Duration::from_millis(200), waiting.as_mut()).await;
    assert!(waited.is_err(), "its acknowledgement is not read: {waited:?}");

    for _ in 0..COUNT {
        let (inbound, ack) = soon(inbox.recv()).await.unwrap();
        assert_eq!(inbound.payload.len(), SIZE);
        ack.in_memory();
    }
    assert_eq!(soon(heard.recv()).await.unwrap(), "3");
    soon(waiting).await.unwrap();
    assert_eq!(current(&link), Some(1));
    link.close(DEADLINE).await;
}
