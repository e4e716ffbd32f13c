//! The books by themselves: a client library and a broker that misbehave at will are played here.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::{Semaphore, oneshot};

use super::*;
use crate::link::receipt::Outcome;

const OK: Outcome = Ok(Published { no_subscribers: false });

struct Publisher {
    places: Arc<Semaphore>,
}

impl Publisher {
    fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(1000)) }
    }

    fn publish(
        &self,
        outgoing: &mut Outgoing,
        message: Message,
        withdraw: bool,
    ) -> oneshot::Receiver<Outcome> {
        let (tx, rx) = oneshot::channel();
        let permit = Arc::clone(&self.places).try_acquire_owned().unwrap();
        outgoing.push(Entry::new(message, tx, withdraw, permit));
        rx
    }
}

fn hand_over(outgoing: &mut Outgoing, window: usize, limit: usize) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(entry) = outgoing.next(Instant::now(), window, limit) {
        out.push(entry.message.topic.to_string());
        outgoing.handed();
    }
    out
}

#[test]
fn the_window_holds_back_and_quality_0_waits_its_turn() {
    let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
    for topic in ["a", "b", "c"] {
        drop(publisher.publish(&mut outgoing, Message::new(topic, ""), false));
    }
    drop(publisher.publish(&mut outgoing, Message::new("z", "").with_qos(QoS::AtMostOnce), false));
    assert_eq!(hand_over(&mut outgoing, 2, usize::MAX), ["a", "b"]);
    outgoing.sent(1).unwrap();
    outgoing.sent(2).unwrap();
    outgoing.acknowledged(1).unwrap().resolve(OK);
    assert_eq!(hand_over(&mut outgoing, 2, usize::MAX), ["c", "z"]);
    assert_eq!(outgoing.sent(0), Err(OutOfStep), "the next one is not at quality 0");
    outgoing.sent(1).unwrap();
    outgoing.sent(0).unwrap();
    assert_eq!(outgoing.sent(0), Err(OutOfStep));
}

#[test]
fn a_place_is_free_before_the_outcome_is_known() {
    let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
    let mut rx = publisher.publish(&mut outgoing, Message::new("a", ""), false);
    assert_eq!(publisher.places.available_permits(), 999);
    hand_over(&mut outgoing, 1, usize::MAX);
    outgoing.sent(1).unwrap();
    outgoing.acknowledged(1).unwrap().resolve(OK);
    assert_eq!(publisher.places.available_permits(), 1000);
    assert_eq!(rx.try_recv(), Ok(OK));
    assert!(outgoing.is_empty());
}

#[test]
fn what_nobody_waits_for_is_withdrawn_until_it_is_sent() {
    let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
    drop(publisher.publish(&mut outgoing, Message::new("withdrawn", ""), true));
    drop(publisher.publish(&mut outgoing, Message::new("kept", ""), false));
    let waited = publisher.publish(&mut outgoing, Message::new("sent", ""), true);
    assert_eq!(hand_over(&mut outgoing, 9, usize::MAX), ["kept", "sent"]);
    outgoing.sent(1).unwrap();
    outgoing.sent(2).unwrap();
    drop(waited);
    outgoing.lost(Blame::None);
    outgoing.sweep();
    assert!(outgoing.resume(false, Instant::now(), 9, usize::MAX).is_empty());
    assert_eq!(hand_over(&mut outgoing, 9, usize::MAX), ["kept", "sent"]);
}

#[test]
fn too_large_is_refused_at_hand_over_and_again_after_reconnecting() {
    let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
    let mut large = publisher.publish(&mut outgoing, Message::new("large", vec![0; 100]), false);
    let mut later = publisher.publish(&mut outgoing, Message::new("later", vec![0; 50]), false);
    assert_eq!(hand_over(&mut outgoing, 9, 80), ["later"]);
    assert_eq!(large.try_recv(), Ok(Err(PublishError::TooLarge { size: 112, limit: 80 })));
    outgoing.sent(1).unwrap();
    outgoing.lost(Blame::None);
    assert!(outgoing.resume(true, Instant::now(), 9, 40).is_empty());
    assert!(hand_over(&mut outgoing, 9, 40).is_empty());
    assert!(matches!(later.try_recv(), Ok(Err(PublishError::TooLarge { .. }))));
}

#[test]
fn expiry_counts_while_waiting() {
    let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
    let second = Duration::from_secs(1);
    let message = |topic: &str, seconds: u32| Message::new(topic, "").with_expiry(second * seconds);
    let mut sent = publisher.publish(&mut outgoing, message("sent", 10), false);
    hand_over(&mut outgoing, 9, usize::MAX);
    outgoing.sent(1).unwrap();
    outgoing.lost(Blame::None);
    let mut short = publisher.publish(&mut outgoing, message("short", 20), false);
    let mut long = publisher.publish(&mut outgoing, message("long", 50), false);
    let now = Instant::now();
    let earliest = outgoing.earliest().unwrap();
    assert!(earliest <= now + second * 10 && earliest > now + second * 9);
    outgoing.expire(now + second * 20);
    assert_eq!(sent.try_recv(), Ok(Err(PublishError::Interrupted)), "it may have arrived");
    assert_eq!(short.try_recv(), Ok(Err(PublishError::Expired)));
    assert!(long.try_recv().is_err());
    assert!(outgoing.earliest().unwrap() > now + second * 49);
    let entry = outgoing.next(now + second * 20, 9, usize::MAX).unwrap();
    let left = entry.left(now + second * 20).unwrap();
    assert!(left <= second * 30 && left > second * 29);
    assert!(outgoing.next(now + second * 50, 9, usize::MAX).is_none());
    assert_eq!(long.try_recv(), Ok(Err(PublishError::Expired)));
}

#[test]
fn the_oldest_unacknowledged_message_is_blamed_and_no_other() {
    let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
    let mut poison = publisher.publish(&mut outgoing, Message::new("poison", ""), false);
    let mut other = publisher.publish(&mut outgoing, Message::new("other", ""), false);
    for round in 0..3 {
        assert!(poison.try_recv().is_err(), "round {round}");
        outgoing.resume(false, Instant::now(), 9, usize::MAX);
        hand_over(&mut outgoing, 9, usize::MAX);
        outgoing.sent(1).unwrap();
        outgoing.sent(2).unwrap();
        outgoing.lost(Blame::Protocol);
    }
    assert_eq!(poison.try_recv(), Ok(Err(PublishError::Interrupted)));
    assert!(other.try_recv().is_err());
    outgoing.fail();
    assert_eq!(other.try_recv(), Ok(Err(PublishError::Interrupted)));
}

#[test]
fn more_than_the_new_window_is_not_repeated_in_one_go() {
    let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
    for topic in ["a", "b", "c"] {
        drop(publisher.publish(&mut outgoing, Message::new(topic, ""), false));
    }
    hand_over(&mut outgoing, 9, usize::MAX);
    (1..=3).for_each(|packet| outgoing.sent(packet).unwrap());
    outgoing.lost(Blame::None);
    assert!(outgoing.resume(true, Instant::now(), 2, usize::MAX).is_empty());
    assert_eq!(hand_over(&mut outgoing, 2, usize::MAX), ["a", "b"]);
}

#[derive(Debug, Clone)]
enum Step {
    Publish(QoS),
    HandOver,
    /// The client library sends so many of what it was handed.
    Send(usize),
    /// The broker acknowledges the oldest.
    Acknowledge(usize),
    Lose {
        session_present: bool,
        window: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop_oneof![Just(QoS::AtLeastOnce), Just(QoS::AtLeastOnce), Just(QoS::AtMostOnce)].prop_map(Step::Publish),
        3 => Just(Step::HandOver),
        3 => (1..4usize).prop_map(Step::Send),
        3 => (1..4usize).prop_map(Step::Acknowledge),
        1 => (any::<bool>(), 1..6usize).prop_map(|(session_present, window)| Step::Lose { session_present, window }),
    ];
    proptest::collection::vec(step, 0..200)
}

/// The client library and the broker behind it.
#[derive(Default)]
struct Model {
    window: usize,
    last_packet: u16,
    /// What was handed over or is to be repeated: message and packet id.
    channel: VecDeque<(usize, QoS, Option<u16>)>,
    unacknowledged: VecDeque<u16>,
    received: Vec<usize>,
}

impl Model {
    fn hand_over(&mut self, outgoing: &mut Outgoing) {
        while let Some(entry) = outgoing.next(Instant::now(), self.window, usize::MAX) {
            self.channel.push_back((entry.message.topic.parse().unwrap(), entry.message.qos, None));
            outgoing.handed();
        }
        assert!(outgoing.in_flight() <= self.window);
    }

    fn send(&mut self, outgoing: &mut Outgoing) -> bool {
        let Some((number, qos, packet)) = self.channel.pop_front() else { return false };
        if qos == QoS::AtLeastOnce {
            let packet = packet.unwrap_or_else(|| {
                self.last_packet = self.last_packet % 50 + 1;
                self.last_packet
            });
            assert!(!self.unacknowledged.contains(&packet));
            self.unacknowledged.push_back(packet);
            outgoing.sent(packet).unwrap();
        } else {
            outgoing.sent(0).unwrap();
        }
        self.received.push(number);
        true
    }

    fn acknowledge(&mut self, outgoing: &mut Outgoing) -> bool {
        let Some(packet) = self.unacknowledged.pop_front() else { return false };
        outgoing.acknowledged(packet).unwrap().resolve(OK);
        true
    }

    fn lose(&mut self, outgoing: &mut Outgoing, session_present: bool, window: usize) {
        outgoing.lost(Blame::None);
        self.window = window;
        self.channel.clear();
        self.unacknowledged.clear();
        let repeated = outgoing.resume(session_present, Instant::now(), window, usize::MAX);
        assert!(session_present || repeated.is_empty());
        for (packet, message, _) in repeated {
            self.channel.push_back((message.topic.parse().unwrap(), message.qos, Some(packet)));
        }
    }
}

proptest! {
    /// Whatever happens: nothing is lost, first deliveries are in order, each message has exactly its outcome.
    #[test]
    fn nothing_is_lost_or_reordered(steps in steps()) {
        let (publisher, mut outgoing) = (Publisher::new(), Outgoing::default());
        let mut model = Model { window: 3, ..Model::default() };
        let mut outcomes = Vec::new();
        for step in steps {
            match step {
                Step::Publish(qos) => {
                    let message = Message::new(outcomes.len().to_string(), "").with_qos(qos);
                    outcomes.push(publisher.publish(&mut outgoing, message, false));
                }
                Step::HandOver => model.hand_over(&mut outgoing),
                Step::Send(count) => _ = (0..count).take_while(|_| model.send(&mut outgoing)).count(),
                Step::Acknowledge(count) => _ = (0..count).take_while(|_| model.acknowledge(&mut outgoing)).count(),
                Step::Lose { session_present, window } => model.lose(&mut outgoing, session_present, window),
            }
        }
        while !outgoing.is_empty() {
            model.hand_over(&mut outgoing);
            let sent = model.send(&mut outgoing);
            let acknowledged = model.acknowledge(&mut outgoing);
            prop_assert!(sent || acknowledged, "stuck");
        }
        let mut seen = 0;
        for number in model.received {
            prop_assert!(number <= seen, "message {} before {}", number, seen);
            seen = seen.max(number + 1);
        }
        prop_assert_eq!(seen, outcomes.len());
        for mut outcome in outcomes {
            prop_assert_eq!(outcome.try_recv(), Ok(OK));
        }
    }
}
