//! The books by themselves.

#![allow(clippy::unwrap_used)]

use super::*;
use SubscribeReasonCode::{NotAuthorized, Success};
use rumqttc::v5::mqttbytes::QoS as ClientQoS;
use std::sync::atomic::AtomicBool;

const GRANTED: SubscribeReasonCode = Success(ClientQoS::AtLeastOnce);

fn ask(subs: &mut Subscriptions, wanted: &[(&str, u64)]) -> oneshot::Receiver<Outcomes> {
    let (tx, rx) = oneshot::channel();
    let alive = Arc::new(AtomicBool::new(true));
    let route = |id| Route { id, sink: Arc::new(|_| {}), alive: Arc::clone(&alive) };
    subs.subscribe(wanted.iter().map(|(filter, id)| (Filter::new(*filter), route(*id))).collect(), tx);
    rx
}

/// Sends everything that waits, with packet ids from `packet` on, and returns it as text.
fn send(subs: &mut Subscriptions, packet: u16) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(request) = subs.next(usize::MAX) {
        out.push(match request {
            Request::Subscribe { filters, .. } => {
                let names: Vec<_> = filters.iter().map(|filter| filter.filter.as_str()).collect();
                format!("+{}", names.join(","))
            }
            Request::Unsubscribe { filter, .. } => format!("-{filter}"),
        });
        subs.handed();
        subs.sent(packet + u16::try_from(out.len()).unwrap() - 1).unwrap();
    }
    out
}

fn found(subs: &Subscriptions, topic: &str) -> usize {
    let mut sinks = Vec::new();
    subs.find(topic, &mut sinks);
    sinks.len()
}

#[test]
fn each_filter_has_its_own_outcome() {
    let mut subs = Subscriptions::default();
    let mut rx = ask(&mut subs, &[("a", 1), ("b", 2)]);
    assert_eq!(send(&mut subs, 1), ["+a,b"]);
    subs.subscribed(1, &[GRANTED, NotAuthorized]);
    let outcomes = rx.try_recv().unwrap();
    assert_eq!(outcomes, [Ok(()), Err(SubscribeError::Denied { filter: "b".into() })]);
    assert_eq!((found(&subs, "a"), found(&subs, "b")), (1, 0));
    subs.unsubscribe(2, None);
    assert!(subs.next(usize::MAX).is_none());
}

#[test]
fn only_the_last_subscription_of_a_filter_is_undone_at_the_broker() {
    let mut subs = Subscriptions::default();
    let _rx = (ask(&mut subs, &[("a", 1)]), ask(&mut subs, &[("a", 2)]));
    assert_eq!(send(&mut subs, 1), ["+a", "+a"]);
    assert_eq!(found(&subs, "a"), 2);
    subs.unsubscribe(1, None);
    assert!(subs.next(usize::MAX).is_none());
    let (done, mut gone) = oneshot::channel();
    subs.unsubscribe(2, Some(done));
    assert_eq!(found(&subs, "a"), 0);
    assert_eq!(send(&mut subs, 3), ["-a"]);
    assert!(gone.try_recv().is_err());
    subs.unsubscribed(3);
    assert_eq!(gone.try_recv(), Ok(()));
}

#[test]
fn a_lost_session_is_subscribed_again_before_new_requests() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, &[("a", 1)]);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    let _later = ask(&mut subs, &[("b", 2)]);
    subs.lost(Blame::None);
    subs.resume(false, usize::MAX);
    assert_eq!(send(&mut subs, 1), ["+a", "+b"]);
}

#[test]
fn a_kept_session_is_asked_only_for_what_it_lacks() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, &[("a", 1)]);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    let mut rx = ask(&mut subs, &[("b", 2)]);
    send(&mut subs, 2);
    subs.lost(Blame::None);
    subs.resume(true, usize::MAX);
    assert_eq!(send(&mut subs, 3), ["+b"]);
    subs.subscribed(3, &[GRANTED]);
    assert_eq!(rx.try_recv(), Ok(vec![Ok(())]));
}

#[test]
fn an_unsubscribe_survives_a_kept_session_and_ends_with_a_lost_one() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, &[("a", 1)]);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    subs.unsubscribe(1, None);
    send(&mut subs, 2);
    subs.lost(Blame::None);
    subs.resume(true, usize::MAX);
    assert_eq!(send(&mut subs, 3), ["-a"]);
    subs.lost(Blame::None);
    subs.resume(false, usize::MAX);
    assert!(subs.next(usize::MAX).is_none());
}

#[test]
fn packets_keep_below_the_brokers_limit() {
    let mut subs = Subscriptions::default();
    let mut rx = ask(&mut subs, &[("a/long/filter/name", 1)]);
    assert!(subs.next(10).is_none());
    assert!(matches!(rx.try_recv().unwrap()[..], [Err(SubscribeError::Rejected { code: 0x95, .. })]));
    assert_eq!(found(&subs, "a/long/filter/name"), 0);

    let names: Vec<String> = (0..20).map(|number| format!("filter/{number:02}")).collect();
    let wanted: Vec<(&str, u64)> = names.iter().map(String::as_str).zip(2..).collect();
    let _rx = ask(&mut subs, &wanted);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED; 20]);
    subs.lost(Blame::None);
    subs.resume(false, 50);
    let mut filters = 0;
    while let Some(Request::Subscribe { filters: packet, .. }) = subs.next(50) {
        assert!(size::subscribe(packet) <= 50);
        filters += packet.len();
        subs.handed();
    }
    assert_eq!(filters, 20);
}

#[test]
fn a_subscribe_that_ends_the_connection_is_given_up() {
    let mut subs = Subscriptions::default();
    let mut rx = ask(&mut subs, &[("bad", 1)]);
    for _ in 0..3 {
        assert!(rx.try_recv().is_err());
        assert_eq!(send(&mut subs, 1), ["+bad"]);
        subs.lost(Blame::Protocol);
        subs.resume(false, usize::MAX);
    }
    assert_eq!(rx.try_recv(), Ok(vec![Err(SubscribeError::Interrupted { filter: "bad".into() })]));
    assert!(subs.nothing_waits());
}

#[test]
fn what_was_refused_again_is_tried_at_the_next_connection() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, &[("a", 1)]);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    subs.lost(Blame::None);
    subs.resume(false, usize::MAX);
    assert_eq!(send(&mut subs, 1), ["+a"]);
    subs.subscribed(1, &[NotAuthorized]);
    subs.lost(Blame::None);
    subs.resume(true, usize::MAX);
    assert_eq!(send(&mut subs, 1), ["+a"]);
}
