//! Subscriptions: an outcome each, routes, and what happens at their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::broker::{Broker, mosquitto};
use super::proxy::Proxy;
use super::{DEADLINE, connect, epoch, inbox, open, options, soon, subscribe, text};
use crate::link::{Filter, Message, MessageHandler, QoS, SubscribeError};

#[tokio::test]
async fn each_filter_has_its_own_outcome() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let (sink, mut rx) = inbox();
    let filters = ["ok/a", "forbidden/x", "bad/#/filter", "ok/b"].map(Filter::new).to_vec();
    let granted = soon(link.subscribe(filters, sink)).await;
    assert_eq!(granted.len(), 4);
    assert_eq!(granted[0].as_ref().unwrap().filter(), "ok/a");
    // Mosquitto grants every filter and withholds the messages.
    if !mosquitto() {
        assert!(matches!(&granted[1], Err(SubscribeError::Denied { filter, .. }) if filter == "forbidden/x"));
    }
    assert!(matches!(granted[2], Err(SubscribeError::Invalid { .. })));
    assert!(granted[3].is_ok());
    for topic in ["ok/a", "ok/b"] {
        soon(link.publish(Message::new(topic, topic))).await.unwrap();
        assert_eq!(text(&soon(rx.recv()).await.unwrap()), topic);
    }
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn a_filter_is_unsubscribed_with_its_last_subscription() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let (first, mut one) = subscribe(&link, "t/+").await;
    let (second, mut two) = subscribe(&link, "t/+").await;
    soon(link.publish(Message::new("t/x", "both"))).await.unwrap();
    assert_eq!(text(&soon(one.recv()).await.unwrap()), "both");
    assert_eq!(text(&soon(two.recv()).await.unwrap()), "both");

    drop(first);
    soon(link.publish(Message::new("t/x", "second"))).await.unwrap();
    assert_eq!(text(&soon(two.recv()).await.unwrap()), "second");
    assert!(one.recv().await.is_none(), "its sink is dropped with it, and got nothing more");

    soon(second.unsubscribe()).await;
    let outcome = soon(link.publish(Message::new("t/x", "nobody"))).await.unwrap();
    assert_eq!(outcome.no_subscribers, mosquitto());
    assert!(two.recv().await.is_none());
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn an_abandoned_subscribe_is_undone() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let (sink, mut rx) = inbox();
    // Polled once: the request is on its way, and nobody waits for the answer.
    let abandoned =
        tokio::time::timeout(std::time::Duration::ZERO, link.subscribe(vec![Filter::new("gone")], sink));
    let _ = abandoned.await;
    assert!(soon(rx.recv()).await.is_none());
    let (_other, mut inbox) = subscribe(&link, "gone").await;
    soon(link.publish(Message::new("gone", "x"))).await.unwrap();
    assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "x");
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn shared_subscriptions_share_and_route() {
    let broker = Broker::start().await;
    let (a, b, sender) =
        (connect(broker.url()).await, connect(broker.url()).await, connect(broker.url()).await);
    let (_first, mut one) = subscribe(&a, "$share/g/work/+").await;
    let (_second, mut two) = subscribe(&b, "$share/g/work/+").await;
    for number in 0..20 {
        soon(sender.publish(Message::new("work/x", number.to_string()))).await.unwrap();
    }
    let (mut first, mut second) = (0, 0);
    while first + second < 20 {
        tokio::select! {
            got = soon(one.recv()) => { got.unwrap(); first += 1 }
            got = soon(two.recv()) => { got.unwrap(); second += 1 }
        }
    }
    assert!(first > 0 && second > 0, "{first} and {second}");
    for link in [a, b, sender] {
        link.close(DEADLINE).await;
    }
}

#[tokio::test]
async fn acknowledgements_bound_what_is_delivered_and_leave_in_order() {
    let broker = Broker::start().await;
    let mut few = options(broker.url());
    few.receive_maximum = 4;
    let (reader, sender) = (open(few).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&reader, "slow").await;
    for number in 0..12 {
        soon(sender.publish(Message::new("slow", number.to_string()))).await.unwrap();
    }
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(soon(inbox.recv()).await.unwrap());
    }
    // All but the first are finished, and nothing may be acknowledged before it.
    let first = held.remove(0);
    held.into_iter().for_each(|inbound| inbound.done());
    let (_marker, mut markers) = subscribe(&reader, "marker").await;
    soon(sender.publish(Message::new("marker", "m").with_qos(QoS::AtMostOnce))).await.unwrap();
    soon(markers.recv()).await.unwrap();
    assert!(inbox.try_recv().is_err(), "the broker was to wait for the first acknowledgement");
    drop(first);
    for number in 4..12 {
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), number.to_string());
    }
    reader.close(DEADLINE).await;
    sender.close(DEADLINE).await;
}

#[tokio::test]
async fn what_was_not_acknowledged_is_delivered_again_in_a_kept_session() {
    let broker = Broker::start().await;
    let proxy = Proxy::start(broker.address).await;
    let mut kept = options(proxy.url());
    kept.session_expiry = DEADLINE;
    let (reader, sender) = (open(kept).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&reader, "again").await;
    soon(sender.publish(Message::new("again", "1"))).await.unwrap();
    let held = soon(inbox.recv()).await.unwrap();
    proxy.cut();
    epoch(&reader, 2).await;
    let repeated = soon(inbox.recv()).await.unwrap();
    assert_eq!(text(&repeated), "1");
    // The first delivery's acknowledgement comes too late and must not acknowledge anything now.
    drop(held);
    proxy.cut();
    epoch(&reader, 3).await;
    assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "1");
    reader.close(DEADLINE).await;
    sender.close(DEADLINE).await;
}

#[tokio::test]
async fn messages_of_an_earlier_process_wait_for_their_subscriber() {
    let broker = Broker::start().await;
    let mut durable = options(broker.url());
    durable.clean_start = false;
    durable.session_expiry = DEADLINE;
    let earlier = open(durable.clone()).await;
    let (subscription, _inbox) = subscribe(&earlier, "task").await;
    earlier.abort().await;
    drop(subscription);
    let sender = connect(broker.url()).await;
    for number in 0..3 {
        soon(sender.publish(Message::new("task", number.to_string()))).await.unwrap();
    }
    // Connected, and delivered to, before anybody subscribes.
    let later = open(durable).await;
    let (_ready, mut ready) = subscribe(&later, "ready").await;
    soon(sender.publish(Message::new("ready", "r"))).await.unwrap();
    soon(ready.recv()).await.unwrap();
    let (_subscription, mut inbox) = subscribe(&later, "task").await;
    for number in 0..3 {
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), number.to_string());
    }
    later.close(DEADLINE).await;
    sender.close(DEADLINE).await;
}

#[tokio::test]
async fn a_panic_in_a_sink_is_its_own_affair() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let sink = MessageHandler::in_memory(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        panic!("a test's panic");
    });
    let _granted = soon(link.subscribe(vec![Filter::new("p")], sink)).await;
    let (_subscription, mut inbox) = subscribe(&link, "p/after").await;
    soon(link.publish(Message::new("p", ""))).await.unwrap();
    soon(link.publish(Message::new("p/after", "still here"))).await.unwrap();
    assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "still here");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn overlapping_filters_each_get_a_message_once() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let filters = ["o/+", "o/x", "$share/g/o/x", "o/#"];
    let mut kept = Vec::new();
    for filter in filters {
        kept.push(subscribe(&link, filter).await);
    }
    for number in 0..10 {
        soon(link.publish(Message::json("o/x", number.to_string()))).await.unwrap();
    }
    soon(link.publish(Message::new("o/x", "end"))).await.unwrap();
    for ((_, inbox), filter) in kept.iter_mut().zip(filters) {
        for number in 0..10 {
            assert_eq!(text(&soon(inbox.recv()).await.unwrap()), number.to_string(), "{filter}");
        }
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "end", "{filter}");
    }
    link.close(DEADLINE).await;
}
