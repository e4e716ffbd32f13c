//! The bookkeeping alone, with a simulated broker that misbehaves.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::{Semaphore, oneshot};

use super::*;
use crate::link::error::SizeLimit;
use crate::link::outcome::{Outcome, Waiter};

const OK: Outcome = Ok(Published { no_subscribers: false });

/// The first packet id of a connection.
const FIRST: u16 = 0x8000;

struct Publisher {
    places: Arc<Semaphore>,
    ids: PacketIds,
}

impl Publisher {
    fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(1000)), ids: PacketIds::default() }
    }

    fn publish(
        &self,
        publishes: &mut Publishes,
        message: Message,
        withdraw: bool,
    ) -> oneshot::Receiver<Outcome> {
        let (tx, rx) = oneshot::channel();
        let permit = Arc::clone(&self.places).try_acquire_owned().unwrap();
        publishes.push(PendingPublish::new(message, Waiter::Receipt(tx), withdraw, Some(permit)));
        rx
    }

    fn control(publishes: &mut Publishes, message: Message) -> oneshot::Receiver<Outcome> {
        let (tx, rx) = oneshot::channel();
        publishes.push(PendingPublish::new(message, Waiter::Receipt(tx), false, None));
        rx
    }

    /// Sends whatever may be sent: topic, packet id, and whether it is sent again.
    fn send(&mut self, publishes: &mut Publishes, broker: &Capabilities) -> Vec<(String, u16, bool)> {
        let mut out = Vec::new();
        while let Some(mut publish) = publishes.next(Instant::now(), broker) {
            let again = publishes.identify(&mut publish, &mut self.ids, |_| false);
            out.push((publish.message.topic.to_string(), publish.packet, again));
            publishes.sent(publish);
        }
        out
    }

    fn topics(&mut self, publishes: &mut Publishes, broker: &Capabilities) -> Vec<String> {
        self.send(publishes, broker).into_iter().map(|(topic, ..)| topic).collect()
    }
}

fn broker(window: usize) -> Capabilities {
    Capabilities { window, ..Capabilities::unknown(9) }
}

fn limited(limit: usize) -> Capabilities {
    Capabilities { limit, ..Capabilities::unknown(9) }
}

#[test]
fn the_window_holds_back_and_quality_0_waits_its_turn() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    for topic in ["a", "b", "c"] {
        drop(publisher.publish(&mut publishes, Message::new(topic, ""), false));
    }
    drop(publisher.publish(&mut publishes, Message::new("z", "").with_qos(QoS::AtMostOnce), false));
    assert_eq!(publisher.topics(&mut publishes, &broker(2)), ["a", "b"]);
    assert!(!publishes.has_room(&broker(2)));
    publishes.acknowledged(FIRST).unwrap().resolve(OK);
    assert!(publishes.has_room(&broker(2)));
    assert_eq!(publisher.topics(&mut publishes, &broker(2)), ["c", "z"]);
    assert!(publishes.acknowledged(FIRST).is_none(), "it was acknowledged");
}

#[test]
fn control_messages_go_first() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    drop(publisher.publish(&mut publishes, Message::new("a", ""), false));
    drop(Publisher::control(&mut publishes, Message::new("cancel", "")));
    assert_eq!(publisher.topics(&mut publishes, &broker(9)), ["cancel", "a"]);
    publishes.lost(Blame::None);
    publishes.resume(false);
    assert_eq!(publisher.topics(&mut publishes, &broker(9)), ["cancel", "a"]);
}

#[test]
fn a_place_is_free_before_the_outcome_is_known() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    let mut rx = publisher.publish(&mut publishes, Message::new("a", ""), false);
    assert_eq!(publisher.places.available_permits(), 999);
    publisher.send(&mut publishes, &broker(1));
    publishes.acknowledged(FIRST).unwrap().resolve(OK);
    assert_eq!(publisher.places.available_permits(), 1000);
    assert_eq!(rx.try_recv(), Ok(OK));
    assert!(publishes.is_empty());
}

#[test]
fn what_nobody_waits_for_is_withdrawn_until_it_is_sent() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    drop(publisher.publish(&mut publishes, Message::new("withdrawn", ""), true));
    drop(publisher.publish(&mut publishes, Message::new("kept", ""), false));
    let waited = publisher.publish(&mut publishes, Message::new("sent", ""), true);
    assert_eq!(publisher.topics(&mut publishes, &broker(9)), ["kept", "sent"]);
    drop(waited);
    publishes.lost(Blame::None);
    publishes.sweep();
    publishes.resume(false);
    assert_eq!(publisher.topics(&mut publishes, &broker(9)), ["kept", "sent"]);
}

#[test]
fn too_large_is_refused_when_it_is_to_be_sent_and_again_after_reconnecting() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    let mut large = publisher.publish(&mut publishes, Message::new("large", vec![0; 100]), false);
    let mut later = publisher.publish(&mut publishes, Message::new("later", vec![0; 50]), false);
    assert_eq!(publisher.topics(&mut publishes, &limited(80)), ["later"]);
    assert_eq!(
        large.try_recv(),
        Ok(Err(PublishError::TooLarge { size: 112, limit: 80, of: SizeLimit::Broker }))
    );
    publishes.lost(Blame::None);
    publishes.resume(true);
    assert!(publisher.send(&mut publishes, &limited(40)).is_empty());
    assert!(matches!(later.try_recv(), Ok(Err(PublishError::TooLarge { .. }))));
}

#[test]
fn expiry_counts_while_waiting() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    let second = Duration::from_secs(1);
    let message = |topic: &str, seconds: u32| Message::new(topic, "").with_expiry(second * seconds);
    let mut sent = publisher.publish(&mut publishes, message("sent", 10), false);
    publisher.send(&mut publishes, &broker(9));
    publishes.lost(Blame::None);
    let mut short = publisher.publish(&mut publishes, message("short", 20), false);
    let mut long = publisher.publish(&mut publishes, message("long", 50), false);
    let now = Instant::now();
    let earliest = publishes.earliest().unwrap();
    assert!(earliest <= now + second * 10 && earliest > now + second * 9);
    publishes.expire(now + second * 20);
    assert_eq!(sent.try_recv(), Ok(Err(PublishError::Interrupted)), "it may have arrived");
    assert_eq!(short.try_recv(), Ok(Err(PublishError::Expired)));
    assert!(long.try_recv().is_err());
    assert!(publishes.earliest().unwrap() > now + second * 49);
    assert!(publishes.next(now + second * 50, &broker(9)).is_none());
    assert_eq!(long.try_recv(), Ok(Err(PublishError::Expired)));
}

#[test]
fn the_oldest_unacknowledged_message_is_blamed_and_no_other() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    let mut poison = publisher.publish(&mut publishes, Message::new("poison", ""), false);
    let mut other = publisher.publish(&mut publishes, Message::new("other", ""), false);
    for round in 0..3 {
        assert!(poison.try_recv().is_err(), "round {round}");
        publishes.resume(false);
        publisher.send(&mut publishes, &broker(9));
        publishes.lost(Blame::Protocol);
    }
    assert_eq!(poison.try_recv(), Ok(Err(PublishError::Interrupted)));
    assert!(other.try_recv().is_err());
    publishes.fail();
    assert_eq!(other.try_recv(), Ok(Err(PublishError::Interrupted)));
}

#[test]
fn a_kept_session_gets_the_same_ids_within_the_new_window_and_no_new_message_gets_one_of_them() {
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    for topic in ["a", "b", "c"] {
        drop(publisher.publish(&mut publishes, Message::new(topic, ""), false));
    }
    let first = publisher.send(&mut publishes, &broker(9));
    publishes.lost(Blame::None);
    publishes.resume(true);
    publisher.ids = PacketIds::default();
    let again = publisher.send(&mut publishes, &broker(2));
    assert_eq!(again, [("a".into(), first[0].1, true), ("b".into(), first[1].1, true)]);
    drop(publisher.publish(&mut publishes, Message::new("d", ""), false));
    assert!(publishes.is_taken(first[2].1), "it is to be sent again");
    publishes.acknowledged(first[0].1).unwrap().resolve(OK);
    assert_eq!(publisher.send(&mut publishes, &broker(2)), [("c".into(), first[2].1, true)]);
    publishes.acknowledged(first[1].1).unwrap().resolve(OK);
    let new = publisher.send(&mut publishes, &broker(2));
    assert_eq!((new[0].0.as_str(), new[0].2), ("d", false));
    assert_ne!(new[0].1, first[2].1);
}

#[test]
fn sub_10a_what_the_broker_excludes_is_refused() {
    let mut ack = crate::link::codec::tests_support::accepting();
    ack.retain_available = false;
    let broker = Capabilities::of(&ack, 9, Default::default());
    let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
    let mut retained = publisher.publish(&mut publishes, Message::new("card", "").retained(), false);
    drop(publisher.publish(&mut publishes, Message::new("call", ""), false));
    assert_eq!(publisher.topics(&mut publishes, &broker), ["call"]);
    assert!(matches!(retained.try_recv(), Ok(Err(PublishError::Unsupported { .. }))));
}

#[derive(Debug, Clone)]
enum Step {
    Publish(QoS),
    Send,
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
        3 => Just(Step::Send),
        3 => (1..4usize).prop_map(Step::Acknowledge),
        1 => (any::<bool>(), 1..6usize).prop_map(|(session_present, window)| Step::Lose { session_present, window }),
    ];
    proptest::collection::vec(step, 0..200)
}

/// The broker.
#[derive(Default)]
struct Model {
    window: usize,
    unacknowledged: VecDeque<u16>,
    received: Vec<usize>,
}

impl Model {
    fn send(&mut self, publisher: &mut Publisher, publishes: &mut Publishes) -> bool {
        let sent = publisher.send(publishes, &broker(self.window));
        for (topic, packet, _) in &sent {
            if *packet != 0 {
                assert!(!self.unacknowledged.contains(packet), "packet id {packet} is in use");
                self.unacknowledged.push_back(*packet);
            }
            self.received.push(topic.parse().unwrap());
        }
        assert!(self.unacknowledged.len() <= self.window);
        !sent.is_empty()
    }

    fn acknowledge(&mut self, publishes: &mut Publishes) -> bool {
        let Some(packet) = self.unacknowledged.pop_front() else { return false };
        publishes.acknowledged(packet).unwrap().resolve(OK);
        true
    }
}

proptest! {
    /// Whatever happens: nothing is lost, first deliveries are in order, each message has exactly its outcome.
    #[test]
    fn nothing_is_lost_or_reordered(steps in steps()) {
        let (mut publisher, mut publishes) = (Publisher::new(), Publishes::default());
        let mut model = Model { window: 3, ..Model::default() };
        let mut outcomes = Vec::new();
        for step in steps {
            match step {
                Step::Publish(qos) => {
                    let message = Message::new(outcomes.len().to_string(), "").with_qos(qos);
                    outcomes.push(publisher.publish(&mut publishes, message, false));
                }
                Step::Send => _ = model.send(&mut publisher, &mut publishes),
                Step::Acknowledge(count) => _ = (0..count).take_while(|_| model.acknowledge(&mut publishes)).count(),
                Step::Lose { session_present, window } => {
                    publishes.lost(Blame::None);
                    model.window = window;
                    model.unacknowledged.clear();
                    publishes.resume(session_present);
                }
            }
        }
        while !publishes.is_empty() {
            let sent = model.send(&mut publisher, &mut publishes);
            let acknowledged = model.acknowledge(&mut publishes);
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
