//! Lost connections lose no messages.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::broker::{Broker, Setup, mosquitto};
use super::proxy::{NOWHERE, Proxy};
use super::{DEADLINE, connect, disconnected, epoch, open, options, soon, subscribe, text};
use crate::link::{Link, Message};

/// Publishes while the connection is cut again and again; everything arrives, first deliveries in order.
async fn survives_cuts(clean_start: bool, session_expiry: Duration, setup: Setup) {
    const COUNT: usize = 2000;
    let broker = Broker::with(setup).await;
    let proxy = Proxy::start(broker.address).await;
    let mut options = options(proxy.url());
    options.clean_start = clean_start;
    options.session_expiry = session_expiry;
    let (link, reader) = (open(options).await, connect(broker.url()).await);
    let (_subscription, mut inbox) = subscribe(&reader, "n").await;
    let publisher = {
        let link = link.clone();
        tokio::spawn(async move {
            let mut receipts = Vec::new();
            for number in 0..COUNT {
                receipts.push(link.enqueue(Message::new("n", number.to_string())).await.unwrap());
            }
            for receipt in receipts {
                receipt.await.unwrap();
            }
        })
    };
    let mut seen = HashSet::new();
    let mut next_cut = COUNT / 6;
    while seen.len() < COUNT {
        let number: usize = text(&soon(inbox.recv()).await.unwrap()).parse().unwrap();
        if seen.insert(number) {
            assert_eq!(number, seen.len() - 1, "the first deliveries are in order");
        }
        if seen.len() >= next_cut {
            next_cut += COUNT / 6;
            proxy.cut();
        }
    }
    soon(publisher).await.unwrap();
    assert!(proxy.accepted() >= 5, "{} connections", proxy.accepted());
    link.close(DEADLINE).await;
    // Repetitions that nobody took yet are unacknowledged, which closing would wait for.
    drop(inbox);
    reader.close(DEADLINE).await;
}

#[tokio::test]
async fn cuts_lose_nothing_in_a_kept_session() {
    survives_cuts(false, DEADLINE, Setup::default()).await;
}

#[tokio::test]
async fn cuts_lose_nothing_without_a_session() {
    survives_cuts(false, Duration::ZERO, Setup::default()).await;
}

#[tokio::test]
async fn cuts_lose_nothing_after_a_clean_start() {
    survives_cuts(true, Duration::ZERO, Setup::default()).await;
    survives_cuts(true, DEADLINE, Setup::default()).await;
}

#[tokio::test]
async fn cuts_lose_nothing_in_a_small_window() {
    survives_cuts(false, DEADLINE, Setup { receive_maximum: Some(3), ..Setup::default() }).await;
}

/// Cuts in the middle of packets, in both directions, on both sides of the broker.
async fn survives_torn_packets(session_expiry: Duration, seed: u64) {
    const COUNT: usize = 2500;
    let mut random = fastrand::Rng::with_seed(seed);
    let broker = Broker::start().await;
    let (front, back) = (Proxy::start(broker.address).await, Proxy::start(broker.address).await);
    let mut sending = options(front.url());
    sending.session_expiry = session_expiry;
    sending.max_backoff = Duration::from_millis(100);
    let mut reading = options(back.url());
    reading.session_expiry = DEADLINE;
    reading.max_backoff = Duration::from_millis(100);
    let (link, reader) = (open(sending).await, open(reading).await);
    let (_subscription, mut inbox) = subscribe(&reader, "torn").await;
    front.cut();
    back.cut();
    let publisher = {
        let link = link.clone();
        tokio::spawn(async move {
            let mut receipts = Vec::new();
            for number in 0..COUNT {
                receipts.push(link.enqueue(Message::new("torn", number.to_string())).await.unwrap());
            }
            for receipt in receipts {
                receipt.await.unwrap();
            }
        })
    };
    let mut seen = HashSet::new();
    while seen.len() < COUNT {
        // More than a broker repeats at once: with less no acknowledgement would ever get through. Mosquitto may repeat all of
        // them, whatever Receive Maximum says, so there is more with each connection.
        let more = 2_000 * front.accepted().max(back.accepted());
        front.ration(random.usize(12_000..24_000) + more);
        back.ration(random.usize(12_000..24_000) + more);
        let number: usize = text(&soon(inbox.recv()).await.unwrap()).parse().unwrap();
        if seen.insert(number) {
            assert_eq!(number, seen.len() - 1, "seed {seed}: the first deliveries are in order");
        }
    }
    front.ration(usize::MAX);
    back.ration(usize::MAX);
    soon(publisher).await.unwrap();
    assert!(front.accepted() > 2 && back.accepted() > 2, "{} and {}", front.accepted(), back.accepted());
    link.close(DEADLINE).await;
    // Repetitions that nobody took yet are unacknowledged, which closing would wait for.
    drop(inbox);
    reader.close(DEADLINE).await;
}

#[tokio::test]
async fn torn_packets_lose_nothing() {
    for seed in 0..3 {
        survives_torn_packets(DEADLINE, seed).await;
        survives_torn_packets(Duration::ZERO, seed).await;
    }
}

#[tokio::test]
async fn a_broker_that_forgot_everything_is_subscribed_to_again() {
    let (first, second) = (Broker::start().await, Broker::start().await);
    let proxy = Proxy::start(first.address).await;
    let link = connect(proxy.url()).await;
    let mut kept = Vec::new();
    let mut inboxes = Vec::new();
    for number in 0..20 {
        let (subscription, inbox) = subscribe(&link, &format!("s/{number}/+")).await;
        kept.push(subscription);
        inboxes.push(inbox);
    }
    proxy.lead_to(second.address);
    epoch(&link, 2).await;
    // Subscriptions leave before publishes: none of these can come too early.
    for (number, inbox) in inboxes.iter_mut().enumerate() {
        soon(link.publish(Message::new(format!("s/{number}/x"), "back"))).await.unwrap();
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "back");
    }
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn answers_to_what_waited_are_not_missed() {
    let (first, second) = (Broker::start().await, Broker::start().await);
    let proxy = Proxy::start(first.address).await;
    let link = connect(proxy.url()).await;
    let (_subscription, mut inbox) = subscribe(&link, "answer").await;
    proxy.lead_to(NOWHERE.into());
    disconnected(&link).await;
    let waiting = link.enqueue(Message::new("answer", "to what waited")).await.unwrap();
    let (later, mut late) = {
        let link = link.clone();
        let subscribing = tokio::spawn(async move { subscribe(&link, "later").await });
        proxy.lead_to(second.address);
        soon(subscribing).await.unwrap()
    };
    soon(waiting).await.unwrap();
    assert_eq!(text(&soon(inbox.recv()).await.unwrap()), "to what waited");
    soon(link.publish(Message::new("later", "l"))).await.unwrap();
    assert_eq!(text(&soon(late.recv()).await.unwrap()), "l");
    drop(later);
    link.close(DEADLINE).await;
}

/// A broker that hangs is noticed within one and a half keep-alives, whether or not something is being written.
async fn hangs(busy: bool, hang: impl Fn(bool), link: Link) {
    let payload = vec![0; 64 * 1024];
    if busy {
        for _ in 0..200 {
            link.enqueue(Message::new("big", payload.clone())).await.unwrap();
        }
    }
    let started = Instant::now();
    hang(true);
    disconnected(&link).await;
    let noticed = started.elapsed();
    assert!(noticed < Duration::from_secs(9), "noticed after {noticed:?}, more than 1.5 times 5 s");
    hang(false);
    epoch(&link, 2).await;
    soon(link.publish(Message::new("big", "after"))).await.unwrap();
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn a_broker_that_hangs_is_noticed() {
    for busy in [false, true] {
        let broker = Broker::start().await;
        let proxy = Proxy::start(broker.address).await;
        let mut options = options(proxy.url());
        options.keep_alive = Duration::from_secs(5);
        let link = open(options).await;
        hangs(busy, |frozen| proxy.freeze(frozen), link).await;
    }
}

#[tokio::test]
async fn a_stopped_mosquitto_is_noticed() {
    if !mosquitto() {
        return;
    }
    let broker = Broker::start().await;
    let mut options = options(broker.url());
    options.keep_alive = Duration::from_secs(5);
    let link = open(options).await;
    hangs(true, |stopped| broker.signal(if stopped { "STOP" } else { "CONT" }), link).await;
}

#[tokio::test]
async fn a_killed_mosquitto_is_come_back_to() {
    if !mosquitto() {
        return;
    }
    let mut broker = Broker::start().await;
    let mut options = options(broker.url());
    options.session_expiry = DEADLINE;
    let link = open(options).await;
    let (_subscription, mut inbox) = subscribe(&link, "k").await;
    broker.signal("KILL");
    disconnected(&link).await;
    let receipts: Vec<_> =
        (0..50).map(|n| link.try_enqueue(Message::new("k", n.to_string())).unwrap()).collect();
    broker.restart().await;
    for receipt in receipts {
        assert!(!soon(receipt).await.unwrap().no_subscribers);
    }
    for number in 0..50 {
        assert_eq!(text(&soon(inbox.recv()).await.unwrap()), number.to_string());
    }
    link.close(DEADLINE).await;
}
