//! The bookkeeping alone.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use std::sync::atomic::AtomicBool;

const GRANTED: u8 = 1;
const NOT_AUTHORIZED: u8 = 0x87;

/// A broker that can do everything, but takes no packet over a limit.
fn limited(limit: usize) -> Capabilities {
    Capabilities { limit, ..Capabilities::unknown(9) }
}

fn granted(subs: &mut Subscriptions, packet: u16, reason: u8) {
    assert!(subs.subscribed(packet, &[reason], None));
}

fn identifiers(all: &[u32]) -> Identifiers {
    all.iter().copied().collect()
}

fn ask(subs: &mut Subscriptions, filter: &str, id: u64) -> oneshot::Receiver<Granted> {
    let (outcome, granted) = oneshot::channel();
    let route =
        Route { id, handler: MessageHandler::in_memory(|_| {}), alive: Arc::new(AtomicBool::new(true)) };
    subs.subscribe(Wanted { filter: Filter::new(filter), route, outcome });
    granted
}

/// Sends everything that waits, with packet ids from `packet` on, and returns it as text.
fn send(subs: &mut Subscriptions, packet: u16) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(request) = subs.next(&limited(usize::MAX)) {
        out.push(match &request {
            Request::Subscribe { filter, .. } => format!("+{}", filter.filter),
            Request::Unsubscribe { filter, .. } => format!("-{filter}"),
        });
        subs.sent(packet + u16::try_from(out.len()).unwrap() - 1, request);
    }
    out
}

fn found(subs: &Subscriptions, topic: &str) -> usize {
    let mut handlers = Vec::new();
    subs.find(topic, &identifiers(&[]), true, &mut handlers);
    handlers.len()
}

#[test]
fn each_filter_has_its_own_outcome() {
    let mut subs = Subscriptions::default();
    let (mut a, mut b) = (ask(&mut subs, "a", 1), ask(&mut subs, "b", 2));
    assert_eq!(send(&mut subs, 1), ["+a", "+b"]);
    granted(&mut subs, 2, NOT_AUTHORIZED);
    granted(&mut subs, 1, GRANTED);
    assert_eq!(a.try_recv(), Ok(Ok(())));
    assert!(matches!(b.try_recv(), Ok(Err(SubscribeError::Denied { filter, .. })) if filter == "b"));
    assert_eq!((found(&subs, "a"), found(&subs, "b")), (1, 0));
    subs.unsubscribe(2, None);
    assert!(subs.nothing_waits());
    assert_eq!(subs.by_identifier.len(), 1);
}

#[test]
fn each_copy_of_a_message_finds_its_own_subscription() {
    let mut subs = Subscriptions::default();
    let _rx = (ask(&mut subs, "a/+", 1), ask(&mut subs, "a/b", 2), ask(&mut subs, "$share/g/a/b", 3));
    let find = |subs: &Subscriptions, all: &[u32]| {
        let mut handlers = Vec::new();
        subs.find("a/b", &identifiers(all), true, &mut handlers);
        handlers.len()
    };
    let [wild, plain, shared] = ["a/+", "a/b", "$share/g/a/b"].map(identifier);
    assert_eq!(find(&subs, &[wild]), 1);
    assert_eq!(find(&subs, &[wild, plain]), 2);
    assert_eq!(find(&subs, &[shared]), 1);
    // Not ours, or none: the topic decides.
    assert_eq!(find(&subs, &[1]), 3);
    assert_eq!(find(&subs, &[]), 3);
    assert_eq!(send(&mut subs, 1), ["+a/+", "+a/b", "+$share/g/a/b"]);
    // What is still on its way for an ended subscription goes nowhere, until the broker has acknowledged the end.
    subs.unsubscribe(2, None);
    assert_eq!(find(&subs, &[plain]), 0);
    assert_eq!(send(&mut subs, 4), ["-a/b"]);
    assert!(subs.unsubscribed(4));
    assert_eq!(find(&subs, &[plain]), 2);
}

#[test]
fn filters_with_one_identifier_are_kept_apart() {
    let mut subs = Subscriptions::default();
    // As if something else had the filter's place already.
    subs.by_identifier.insert(identifier("a"), "other".into());
    subs.held.insert(
        "other".into(),
        Held {
            routes: Vec::new(),
            qos: QoS::AtMostOnce,
            retain_handling: RetainHandling::Send,
            identifier: 0,
            granted: false,
        },
    );
    let _rx = ask(&mut subs, "a", 1);
    let Some(Request::Subscribe { identifier: given, .. }) = subs.next(&limited(usize::MAX)) else {
        panic!()
    };
    assert_ne!(given, identifier("a"));
    assert!((FIRST_IDENTIFIER..=LAST_IDENTIFIER).contains(&given));
}

#[test]
fn only_the_last_subscription_of_a_filter_is_undone_at_the_broker() {
    let mut subs = Subscriptions::default();
    let _rx = (ask(&mut subs, "a", 1), ask(&mut subs, "a", 2));
    assert_eq!(send(&mut subs, 1), ["+a", "+a"]);
    assert_eq!(found(&subs, "a"), 2);
    subs.unsubscribe(1, None);
    assert!(subs.next(&limited(usize::MAX)).is_none());
    let (done, mut gone) = oneshot::channel();
    subs.unsubscribe(2, Some(done));
    assert_eq!(found(&subs, "a"), 1, "what comes until the broker has answered is still delivered");
    assert_eq!(send(&mut subs, 3), ["-a"]);
    assert!(gone.try_recv().is_err());
    assert!(subs.unsubscribed(3));
    assert_eq!(gone.try_recv(), Ok(()));
}

#[test]
fn a_subscription_that_was_never_sent_leaves_nothing_at_the_broker() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    let (done, mut gone) = oneshot::channel();
    subs.unsubscribe(1, Some(done));
    assert_eq!(gone.try_recv(), Err(oneshot::error::TryRecvError::Closed), "nothing to undo");
    subs.resume(false);
    assert!(send(&mut subs, 1).is_empty());
    assert!(subs.by_identifier.is_empty());
}

#[test]
fn a_request_that_was_sent_and_given_up_while_there_is_no_connection_is_undone_in_a_kept_session() {
    for (session_present, undone) in [(true, vec!["-a"]), (false, vec![])] {
        let mut subs = Subscriptions::default();
        let _rx = ask(&mut subs, "a", 1);
        send(&mut subs, 1);
        // The broker has taken it, and its answer is lost.
        subs.lost(Blame::None);
        subs.unsubscribe(1, None);
        subs.resume(session_present);
        assert_eq!(send(&mut subs, 2), undone);
        assert!(!session_present || subs.unsubscribed(2));
        assert!(subs.by_identifier.is_empty() && subs.at_broker.is_empty());
    }
}

#[test]
fn a_granted_filter_is_ended_where_the_last_who_asked_for_it_was_never_sent() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    granted(&mut subs, 1, GRANTED);
    subs.lost(Blame::None);
    let _again = ask(&mut subs, "a", 2);
    subs.unsubscribe(1, None);
    subs.unsubscribe(2, None);
    subs.resume(true);
    assert_eq!(send(&mut subs, 2), ["-a"]);
}

#[test]
fn a_filter_that_is_asked_for_and_given_up_between_connections_is_ended_though_its_end_was_under_way() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    granted(&mut subs, 1, GRANTED);
    subs.unsubscribe(1, None);
    subs.lost(Blame::None);
    let _again = ask(&mut subs, "a", 2);
    // Its end is not sent, for it is in use again.
    subs.resume(true);
    subs.unsubscribe(2, None);
    assert_eq!(send(&mut subs, 2), ["-a"]);
}

#[test]
fn an_unsubscribe_does_not_end_what_was_subscribed_again_before_a_reconnect() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    granted(&mut subs, 1, GRANTED);
    subs.unsubscribe(1, None);
    let _again = ask(&mut subs, "a", 2);
    assert_eq!(send(&mut subs, 2), ["-a", "+a"]);
    granted(&mut subs, 3, GRANTED);
    subs.lost(Blame::None);
    subs.resume(true);
    assert_eq!(send(&mut subs, 4), ["+a"]);
    assert_eq!(found(&subs, "a"), 1);
}

#[test]
fn sub_8b_a_message_of_a_subscription_that_is_not_made_yet_goes_to_no_other() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "#", 1);
    let mut handlers = Vec::new();
    let both = identifiers(&[identifier("#"), identifier("tasks/a/inbox")]);
    assert_eq!(subs.find("tasks/a/inbox", &both, false, &mut handlers), Identified::Unknown);
    assert!(handlers.is_empty());
    let _inbox = ask(&mut subs, "tasks/a/inbox", 2);
    assert_eq!(subs.find("tasks/a/inbox", &both, false, &mut handlers), Identified::Known);
    assert_eq!(handlers.len(), 2);
}

#[test]
fn a_lost_session_is_subscribed_again_before_new_requests() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    granted(&mut subs, 1, GRANTED);
    let _later = ask(&mut subs, "b", 2);
    subs.lost(Blame::None);
    subs.resume(false);
    assert_eq!(send(&mut subs, 1), ["+a", "+b"]);
}

#[test]
fn sub_10_a_kept_session_is_subscribed_again_as_well_without_its_retained_messages() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "$share/g/a", 1);
    send(&mut subs, 1);
    granted(&mut subs, 1, GRANTED);
    let mut rx = ask(&mut subs, "b", 2);
    send(&mut subs, 2);
    subs.lost(Blame::None);
    subs.resume(true);
    let Some(Request::Subscribe { filter, .. }) = subs.waiting.front() else { panic!() };
    assert_eq!(filter.retain_handling, RetainHandling::SendIfNew);
    assert_eq!(send(&mut subs, 3), ["+$share/g/a", "+b"]);
    granted(&mut subs, 4, GRANTED);
    assert_eq!(rx.try_recv(), Ok(Ok(())));
}

#[test]
fn sub_10a_what_the_broker_lacks_is_refused_and_nothing_else() {
    let mut subs = Subscriptions::default();
    let (mut shared, mut plain) = (ask(&mut subs, "$share/g/a", 1), ask(&mut subs, "a", 2));
    assert_eq!(send(&mut subs, 1), ["+$share/g/a", "+a"]);
    let mut broker = limited(usize::MAX);
    let mut shown = crate::link::capabilities::Shown::default();
    assert!(shown.learn(0x9e));
    broker.learn(shown);
    subs.lacking(&broker);
    assert!(matches!(shared.try_recv(), Ok(Err(SubscribeError::Unsupported { .. }))));
    assert!(plain.try_recv().is_err());
    subs.lost(Blame::None);
    subs.resume(false);
    assert_eq!(send(&mut subs, 1), ["+a"]);
}

#[test]
fn an_answer_to_nothing_is_told() {
    let mut subs = Subscriptions::default();
    assert!(!subs.subscribed(7, &[GRANTED], None));
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    assert!(!subs.unsubscribed(1), "it is a SUBACK that is awaited");
    granted(&mut subs, 1, GRANTED);
}

#[test]
fn an_unsubscribe_survives_a_kept_session_and_ends_with_a_lost_one() {
    let mut subs = Subscriptions::default();
    let _rx = ask(&mut subs, "a", 1);
    send(&mut subs, 1);
    granted(&mut subs, 1, GRANTED);
    subs.unsubscribe(1, None);
    send(&mut subs, 2);
    subs.lost(Blame::None);
    subs.resume(true);
    assert_eq!(send(&mut subs, 3), ["-a"]);
    subs.lost(Blame::None);
    subs.resume(false);
    assert!(subs.next(&limited(usize::MAX)).is_none());
}

#[test]
fn a_filter_over_the_brokers_limit_is_refused() {
    let mut subs = Subscriptions::default();
    let mut rx = ask(&mut subs, "a/long/filter/name", 1);
    assert!(subs.next(&limited(30)).is_none());
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
    granted(&mut subs, 1, GRANTED);
    subs.lost(Blame::None);
    subs.resume(false);
    assert_eq!(send(&mut subs, 1), ["+a"]);
    granted(&mut subs, 1, NOT_AUTHORIZED);
    subs.lost(Blame::None);
    subs.resume(true);
    assert_eq!(send(&mut subs, 1), ["+a"]);
}
