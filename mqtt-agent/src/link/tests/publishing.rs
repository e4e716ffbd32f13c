//! Each publish has its own outcome.

use std::time::Duration;

use super::broker::{Broker, Setup, mosquitto};
use super::proxy::{NOWHERE, Proxy};
use super::{DEADLINE, connect, disconnected, epoch, open, options, soon, subscribe, text};
use crate::link::{Message, PublishError, Published, QoS};

#[tokio::test]
async fn a_denied_publish_is_its_callers_error_and_disturbs_nothing_else() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let (_subscription, mut inbox) = subscribe(&link, "allowed").await;
    for round in 0..40 {
        let denied = link.publish(Message::new("forbidden/x", "no"));
        let allowed = link.publish(Message::new("allowed", format!("{round}")));
        let (denied, allowed) = soon(async { tokio::join!(denied, allowed) }).await;
        assert!(matches!(denied, Err(PublishError::Denied { topic, .. }) if topic == "forbidden/x"));
        assert_eq!(allowed, Ok(Published { no_subscribers: false }));
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), format!("{round}"));
    }
    epoch(&link, 1).await;
    assert!(matches!(&*link.state().borrow(), crate::link::ConnectionState::Connected { epoch: 1, .. }));
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn mcp_14_nobody_subscribed_is_known_where_the_broker_says_so() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let outcome = soon(link.publish(Message::new("nobody/here", "?"))).await.unwrap();
    assert_eq!(outcome, Published { no_subscribers: mosquitto() });
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn properties_arrive_as_they_were_sent() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    let (_subscription, mut inbox) = subscribe(&link, "props/+").await;
    let sent = Message::json("props/a", r#"{"a":1}"#)
        .with_response("reply/here", vec![0, 255, 1])
        .with_expiry(Duration::from_millis(8500))
        .with_user("k", "1")
        .with_user("other", "ä")
        .with_user("k", "2");
    soon(link.publish(sent.clone())).await.unwrap();
    let got = soon(inbox.recv()).await.unwrap();
    assert_eq!(got.topic(), "props/a");
    assert!(!got.retain);
    let expiry = got.properties.expiry.unwrap();
    assert!(expiry > Duration::from_secs(5) && expiry <= Duration::from_secs(9), "{expiry:?}");
    let mut properties = got.properties.clone();
    properties.expiry = sent.properties.expiry;
    assert_eq!(properties, sent.properties);
    assert_eq!(properties.user("k"), Some("1"));
    got.done();
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn retained_messages_are_there_for_later_subscribers() {
    let broker = Broker::start().await;
    let link = connect(broker.url()).await;
    soon(link.publish(Message::new("kept", "v").retained())).await.unwrap();
    for _ in 0..2 {
        // The second subscription to the same filter gets it too.
        let (subscription, mut inbox) = subscribe(&link, "kept").await;
        let got = soon(inbox.recv()).await.unwrap();
        assert!(got.retain);
        assert_eq!(text(&got), "v");
        std::mem::forget(subscription);
    }
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn a_message_over_the_brokers_limit_is_refused_and_the_connection_lives() {
    let broker = Broker::with(Setup { max_packet_size: Some(4096), ..Setup::default() }).await;
    let early = crate::link::Link::open(options(broker.url())).unwrap();
    let big = || Message::new("big", vec![0; 5000]);
    // Before the limit is known it is refused when it would be sent.
    let queued = soon(early.publish(big())).await;
    assert!(matches!(queued, Err(PublishError::TooLarge { limit: 4096, .. })), "{queued:?}");
    assert!(matches!(early.try_enqueue(big()), Err(PublishError::TooLarge { size: 5011, limit: 4096, .. })));
    // To the byte.
    let fits = Message::new("big", vec![0; 4096 - 11]);
    assert_eq!(early.check_size(&fits), Ok(()));
    soon(early.publish(fits)).await.unwrap();
    let over = Message::new("big", vec![0; 4096 - 10]);
    assert!(matches!(soon(early.publish(over)).await, Err(PublishError::TooLarge { .. })));
    assert!(matches!(&*early.state().borrow(), crate::link::ConnectionState::Connected { epoch: 1, .. }));
    early.close(DEADLINE).await;
}

#[tokio::test]
async fn waiting_messages_expire_are_withdrawn_and_fill_the_queue() {
    let broker = Broker::start().await;
    let proxy = Proxy::start(broker.address).await;
    let mut options = options(proxy.url());
    options.queue = 3;
    let link = open(options).await;
    proxy.lead_to(NOWHERE.into());
    disconnected(&link).await;

    let expiring = Message::new("t", "expires").with_expiry(Duration::from_millis(50));
    assert_eq!(soon(link.publish(expiring)).await, Err(PublishError::Expired));

    let mut kept = Vec::new();
    for text in ["0", "1"] {
        kept.push(link.try_enqueue(Message::new("t", text)).unwrap());
    }
    // A third one is withdrawn when nobody waits for it any more, and its place becomes free.
    let withdrawn =
        tokio::time::timeout(Duration::from_millis(20), link.publish(Message::new("t", "withdrawn"))).await;
    assert!(withdrawn.is_err());
    kept.push(soon(link.enqueue(Message::new("t", "2"))).await.unwrap());
    assert_eq!(link.try_enqueue(Message::new("t", "3")).map(drop), Err(PublishError::QueueFull));

    let reader = connect(broker.url()).await;
    let (_subscription, mut inbox) = subscribe(&reader, "t").await;
    proxy.lead_to(broker.address);
    for receipt in kept {
        soon(receipt).await.unwrap();
    }
    for expected in ["0", "1", "2"] {
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), expected);
    }
    link.close(DEADLINE).await;
    reader.close(DEADLINE).await;
}

#[tokio::test]
async fn order_is_kept_in_small_and_large_windows() {
    for receive_maximum in [Some(1), Some(5), None] {
        let broker = Broker::with(Setup { receive_maximum, ..Setup::default() }).await;
        let (link, reader) = (connect(broker.url()).await, connect(broker.url()).await);
        let (_subscription, mut inbox) = subscribe(&reader, "o").await;
        let mut receipts = Vec::new();
        for number in 0..600 {
            let message = Message::new("o", number.to_string());
            let message = if number % 3 == 0 { message.with_qos(QoS::AtMostOnce) } else { message };
            receipts.push(soon(link.enqueue(message)).await.unwrap());
        }
        for receipt in receipts {
            soon(receipt).await.unwrap();
        }
        // The broker may let one level overtake the other; each by itself is in order.
        let mut got: [Vec<u32>; 2] = Default::default();
        for _ in 0..600 {
            let number: u32 = text(&soon(inbox.recv()).await.unwrap()).parse().unwrap();
            got[usize::from(number.is_multiple_of(3))].push(number);
        }
        assert!(got.iter().all(|numbers| numbers.is_sorted()), "{receive_maximum:?}");
        link.close(DEADLINE).await;
        reader.close(DEADLINE).await;
    }
}
