//! The books by themselves.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use SubscribeReasonCode::{NotAuthorized, Success};
use rumqttc::v5::mqttbytes::QoS as ClientQoS;
use std::sync::atomic::AtomicBool;

const GRANTED: SubscribeReasonCode = Success(ClientQoS::AtLeastOnce);

fn ask(subs: &mut Subscriptions, filter: &str, id: u64) -> oneshot::Receiver<Granted> {
    let (outcome, granted) = oneshot::channel();
    let route = Route { id, sink: Arc::new(|_| {}), alive: Arc::new(AtomicBool::new(true)) };
    subs.subscribe(Wanted { filter: Filter::new(filter), route, outcome });
    granted
}

/// Sends everything that waits, with packet ids from `packet` on, and returns it as text.
fn send(subs: &mut Subscriptions, packet: u16) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(request) = subs.next(usize::MAX) {
        out.push(match request {
            Request::Subscribe { filter, .. } => format!("+{}", filter.filter),
            Request::Unsubscribe { filter, .. } => format!("-{filter}"),
        });
        subs.handed();
        subs.sent(packet + u16::try_from(out.len()).unwrap() - 1).unwrap();
    }
    out
}

fn found(subs: &Subscriptions, topic: &str) -> usize {
    let mut sinks = Vec::new();
    subs.find(topic, &[], &mut sinks);
    sinks.len()
}

#[test]
fn each_filter_has_its_own_outcome() {
    let mut subs = Subscriptions::default();
    let (mut a, mut b) = (ask(&mut subs, "a", 1), ask(&mut subs, "b", 2));
    assert_eq!(send(&mut subs, 1), ["+a", "+b"]);
    subs.subscribed(2, &[NotAuthorized]);
    subs.subscribed(1, &[GRANTED]);
    assert_eq!(a.try_recv(), Ok(Ok(())));
    assert_eq!(b.try_recv(), Ok(Err(SubscribeError::Denied { filter: "b".into() })));
    assert_eq!((found(&subs, "a"), found(&subs, "b")), (1, 0));
    subs.unsubscribe(2, None);
    assert!(subs.nothing_waits());
    assert_eq!(subs.by_identifier.len(), 1);
}

#[test]
fn each_copy_of_a_message_finds_its_own_subscription() {
    let mut subs = Subscriptions::default();
    let _rx = (ask(&mut subs, "a/+", 1), ask(&mut subs, "a/b", 2), ask(&mut subs, "$share/g/a/b", 3));
    let find = |subs: &Subscriptions, identifiers: &[usize]| {
        let mut sinks = Vec::new();
        subs.find("a/b", identifiers, &mut sinks);
        sinks.len()
    };
    let [wild, plain, shared] = ["a/+", "a/b", "$share/g/a/b"].map(identifier);
    assert_eq!(find(&subs, &[wild]), 1);
    assert_eq!(find(&subs, &[wild, plain]), 2);
    assert_eq!(find(&subs, &[shared]), 1);
    // Not ours, or none: the topic decides.
    assert_eq!(find(&subs, &[1]), 3);
    assert_eq!(find(&subs, &[]), 3);
    // What is still on its way for an ended subscription goes nowhere, until the broker has acknowledged the end.
    subs.unsubscribe(2, None);
    assert_eq!(find(&subs, &[plain]), 0);
    assert_eq!(send(&mut subs, 1), ["+a/+", "+a/b", "+$share/g/a/b", "-a/b"]);
    subs.unsubscribed(4);
    assert_eq!(find(&subs, &[plain]), 2);
}

#[test]
fn filters_with_one_identifier_are_kept_apart() {
    let mut subs = Subscriptions::default();
    // As if something else had the filter's place already.
    subs.by_identifier.insert(identifier("a"), "other".into());
    subs.held.insert(
        "other".into(),
        Held { routes: Vec::new(), qos: QoS::AtMostOnce, identifier: 0, confirmed: true },
    );
    let _rx = ask(&mut subs, "a", 1);
    let Some(Request::Subscribe { identifier: given, .. }) = subs.next(usize::MAX) else { panic!() };
    assert_ne!(*given, identifier("a"));
    assert!((FIRST_IDENTIFIER..=LAST_IDENTIFIER).contains(given));
}

#[test]
fn only_the_last_subscription_of_a_filter_is_undone_at_the_broker() {
    let mut subs = Subscriptions::default();
    let _rx = (ask(&mut subs, "a", 1), ask(&mut subs, "a", 2));
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
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    let _later = ask(&mut subs, "b", 2);
    subs.lost(Blame::None);
    subs.resume(false);
    assert_eq!(send(&mut subs, 1), ["+a", "+b"]);
}

#[test]
fn a_kept_session_is_asked_only_for_what_it_lacks() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    let mut rx = ask(&mut subs, "b", 2);
    send(&mut subs, 2);
    subs.lost(Blame::None);
    subs.resume(true);
    assert_eq!(send(&mut subs, 3), ["+b"]);
    subs.subscribed(3, &[GRANTED]);
    assert_eq!(rx.try_recv(), Ok(Ok(())));
}

#[test]
fn an_unsubscribe_survives_a_kept_session_and_ends_with_a_lost_one() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    subs.unsubscribe(1, None);
    send(&mut subs, 2);
    subs.lost(Blame::None);
    subs.resume(true);
    assert_eq!(send(&mut subs, 3), ["-a"]);
    subs.lost(Blame::None);
    subs.resume(false);
    assert!(subs.next(usize::MAX).is_none());
}

#[test]
fn a_filter_over_the_brokers_limit_is_refused() {
    let mut subs = Subscriptions::default();
    let mut rx = ask(&mut subs, "a/long/filter/name", 1);
    assert!(subs.next(31).is_some());
    assert!(subs.next(30).is_none());
    assert!(matches!(rx.try_recv(), Ok(Err(SubscribeError::Rejected { code: 0x95, .. }))));
    assert_eq!(found(&subs, "a/long/filter/name"), 0);
}

#[test]
fn a_subscribe_that_ends_the_connection_is_given_up() {
    let mut subs = Subscriptions::default();
    let mut rx = ask(&mut subs, "bad", 1);
    for _ in 0..3 {
        assert!(rx.try_recv().is_err());
        assert_eq!(send(&mut subs, 1), ["+bad"]);
        subs.lost(Blame::Protocol);
        subs.resume(false);
    }
    assert_eq!(rx.try_recv(), Ok(Err(SubscribeError::Interrupted { filter: "bad".into() })));
    assert!(subs.nothing_waits());
}

#[test]
fn what_was_refused_again_is_tried_at_the_next_connection() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    subs.subscribed(1, &[GRANTED]);
    subs.lost(Blame::None);
    subs.resume(false);
    assert_eq!(send(&mut subs, 1), ["+a"]);
    subs.subscribed(1, &[NotAuthorized]);
    subs.lost(Blame::None);
    subs.resume(true);
    assert_eq!(send(&mut subs, 1), ["+a"]);
}
