//! A broker that sends what none should: the client says why it leaves, comes back, and its other work goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use mqtt_agent::topic::Payload;
use support::fake_broker::{
    Action, Hook, Packet, Properties, Publish, Value, ack, connack, packet, publish_bytes,
};
use support::{FakeBroker, Knobs, SOON};
use tokio::sync::watch;

use crate::common::*;

/// Sends bytes to a client that works; it has to leave with one of these reasons, and to work again.
async fn leaves(bytes: impl Into<Vec<u8>>, reasons: &[u8]) {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    can_be_called(&client).await;
    let began = Instant::now();
    broker.send_raw(bytes);
    let reason = broker.seen().end(2).await;
    assert!(reason.is_some_and(|reason| reasons.contains(&reason)), "left with {reason:#04x?}");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    connected_again(&client, 1).await;
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 3);
}

fn publish(topic: impl AsRef<[u8]>) -> Vec<u8> {
    publish_bytes(topic, &Publish::default())
}

fn publish_with(properties: Properties) -> Vec<u8> {
    publish_bytes("a/b", &Publish { properties, ..Publish::default() })
}

/// Malformed packet, protocol error, and what else a receiver may say about an invalid topic.
const INVALID_TOPIC: &[u8] = &[0x81, 0x82, 0x90];
/// What a web server says to a CONNECT. Read as MQTT it is a PUBACK of 84 bytes with wrong flags, and more.
const HTTP: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\r\n\
    <html><body><h1>400 Bad Request</h1></body></html>";
const MALFORMED: &[u8] = &[0x81];
const PROTOCOL: &[u8] = &[0x82];
const EITHER: &[u8] = &[0x81, 0x82];

#[tokio::test]
async fn a_packet_that_announces_more_than_our_maximum_is_not_waited_for() {
    // 2 MiB, of which nothing follows.
    leaves([0x30, 0x80, 0x80, 0x80, 0x01], &[0x95]).await;
}

#[tokio::test]
async fn a_length_of_five_bytes_is_malformed() {
    leaves([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f], MALFORMED).await;
}

#[tokio::test]
async fn a_topic_with_a_wildcard_is_invalid() {
    leaves(publish("a/+/b"), INVALID_TOPIC).await;
    leaves(publish("a/#"), INVALID_TOPIC).await;
}

#[tokio::test]
async fn a_topic_with_a_nul_is_invalid() {
    leaves(publish("a/\0/b"), INVALID_TOPIC).await;
}

#[tokio::test]
async fn an_empty_topic_is_invalid() {
    leaves(publish(""), &[0x81, 0x82, 0x90, 0x94]).await;
}

#[tokio::test]
async fn a_topic_that_is_not_utf_8_is_invalid() {
    leaves(publish([b'a', 0xff, 0xfe]), INVALID_TOPIC).await;
}

#[tokio::test]
async fn a_topic_alias_that_was_never_allowed_is_invalid() {
    for alias in [1, 0] {
        let reasons = if alias == 0 { &[0x94, 0x82][..] } else { &[0x94][..] };
        leaves(publish_with(Properties::new().with(35, Value::Two(alias))), reasons).await;
    }
}

#[tokio::test]
async fn an_unknown_packet_type_is_malformed() {
    leaves([0x00, 0], EITHER).await;
}

#[tokio::test]
async fn a_packet_that_only_clients_send_is_a_protocol_error() {
    for first in [0xc0, 0xf0] {
        leaves([first, 0], EITHER).await;
    }
    leaves(packet(0x82, &[0, 1, 0, 0, 1, b'a', 0]), EITHER).await;
}

#[tokio::test]
async fn wrong_flags_are_malformed() {
    leaves([0xd1, 0], EITHER).await;
    // QoS 3.
    let publish = Publish { qos: 3, id: 1, ..Publish::default() };
    leaves(publish_bytes("a/b", &publish), EITHER).await;
}

#[tokio::test]
async fn a_message_of_qos_2_is_not_taken() {
    let publish = Publish { qos: 2, id: 1, ..Publish::default() };
    leaves(publish_bytes("a/b", &publish), &[0x82, 0x9b]).await;
}

#[tokio::test]
async fn a_message_with_packet_id_0_is_not_taken() {
    let publish = Publish { qos: 1, id: 0, ..Publish::default() };
    leaves(publish_bytes("a/b", &publish), EITHER).await;
}

#[tokio::test]
async fn a_second_connack_is_a_protocol_error() {
    leaves(connack(false, 0, &Properties::new()), PROTOCOL).await;
}

#[tokio::test]
async fn a_suback_of_an_id_that_was_never_used_is_a_protocol_error() {
    leaves(ack(0x90, 60_000, &[1], &Properties::new()), PROTOCOL).await;
}

#[tokio::test]
async fn a_puback_of_an_id_that_was_never_used_is_a_protocol_error() {
    leaves(ack(0x40, 60_000, &[0], &Properties::new()), PROTOCOL).await;
}

#[tokio::test]
async fn properties_that_are_wrong_are_told() {
    // An identifier that there is not.
    leaves(publish_with(Properties::new().with(99, Value::Byte(0))), EITHER).await;
    // One that no PUBLISH has.
    leaves(publish_with(Properties::new().with(36, Value::Byte(1))), EITHER).await;
    // Twice what may be there once.
    leaves(publish_with(Properties::new().text(3, "a").text(3, "b")), PROTOCOL).await;
    // Longer than the packet.
    leaves(packet(0x30, &[0, 1, b'a', 200, 1]), EITHER).await;
    // A subscription identifier of 0.
    leaves(publish_with(Properties::new().with(11, Value::Variable(0))), EITHER).await;
}

#[tokio::test]
async fn a_packet_that_ends_too_soon_is_malformed() {
    for bytes in [vec![0x40, 1, 0], vec![0x90, 2, 0, 1], vec![0x30, 1, 0], vec![0x20, 0], vec![0x40, 0]] {
        leaves(bytes, EITHER).await;
    }
}

#[tokio::test]
async fn garbage_is_left() {
    leaves(HTTP, &[0x81, 0x82, 0x95]).await;
}

#[tokio::test]
async fn a_first_packet_that_is_no_connack_ends_the_attempt_with_an_error_that_says_so() {
    for bytes in [vec![0xd0, 0], publish("a/b"), HTTP.to_vec()] {
        let hook = Hook::new(move |event| match event.packet {
            Packet::Connect(_) => Some(Action::Send(bytes.clone())),
            _ => None,
        });
        let broker = FakeBroker::start(Knobs { hook, ..Knobs::default() }).await;
        let began = Instant::now();
        let options = ConnectOptions::new(broker.url()).connect_timeout(PATIENT);
        let error = Client::connect(options).await.unwrap_err().to_string();
        assert_says(&error, &["MQTT 5"]);
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_packet_that_never_ends_is_given_up_within_one_and_a_half_keep_alives() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    can_be_called(&client).await;
    let began = Instant::now();
    let mut endless = vec![0x30, 0xe8, 0x07];
    endless.extend([0; 1000]);
    broker.trickle(endless, Duration::from_secs(1));
    broker.seen().end(2).await;
    let took = began.elapsed();
    // The keep-alive is 5 s.
    assert!(took < Duration::from_millis(8_500), "{took:?}");
    connected_again(&client, 1).await;
    can_be_called(&client).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_broker_that_answers_no_ping_is_given_up_within_one_and_a_half_keep_alives() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    broker.set(|knobs| knobs.pong = false);
    let began = Instant::now();
    broker.seen().end(2).await;
    let took = began.elapsed();
    assert!(took < Duration::from_millis(8_500), "{took:?}");
    broker.set(|knobs| knobs.pong = true);
    connected_again(&client, 1).await;
    can_be_called(&client).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_client_that_is_sent_garbage_at_each_connection_slows_down() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    broker.set(|knobs| knobs.connacks = 2);
    broker.close();
    // A rate is what is measured.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let connects = broker.seen().connects();
    assert!((3..=25).contains(&connects), "{connects}");
    broker.set(|knobs| knobs.connacks = 1);
    let mut connection = client.connection();
    let up = connection.wait_for(mqtt_agent::ConnectionState::is_connected);
    tokio::time::timeout(SOON, up).await.expect("in time").unwrap();
}

#[tokio::test]
async fn a_message_that_nobody_subscribed_to_is_dropped_and_the_connection_stays() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    for id in 1..=100 {
        let publish = Publish { qos: 1, id, payload: vec![b'x'; 1000], ..Publish::default() };
        broker.send_raw(publish_bytes("nobody/asked", &publish));
    }
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}

/// How much memory this process holds, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// How much more memory this process holds for some time, at the most.
#[cfg(target_os = "linux")]
async fn most_resident(during: Duration) -> usize {
    let (before, began, mut most) = (resident(), Instant::now(), 0);
    while began.elapsed() < during {
        most = most.max(resident().saturating_sub(before));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    most
}

#[cfg(target_os = "linux")]
const FLOOD: usize = 400;
#[cfg(target_os = "linux")]
const SIZE: usize = 500 << 10;
/// Memory is the whole process's: one flood at a time.
#[cfg(target_os = "linux")]
static ONE_FLOOD: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// Of 200 MiB that are sent.
#[cfg(target_os = "linux")]
const BOUND: usize = 100 << 20;

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_that_nobody_subscribed_to_takes_bounded_memory() {
    let _one = ONE_FLOOD.lock().await;
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    broker.flood(FLOOD, |index| {
        let (qos, id) = (u8::from(index % 2 == 0), index as u16 + 1);
        publish_bytes("nobody/asked", &Publish { qos, id, payload: vec![b'x'; SIZE], ..Publish::default() })
    });
    let most = most_resident(Duration::from_secs(2)).await;
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
    assert!(most < BOUND, "{} MiB", most >> 20);
}

#[cfg(target_os = "linux")]
type Gate = (Arc<AtomicUsize>, watch::Receiver<bool>);

#[cfg(target_os = "linux")]
#[on("flood/{name}")]
async fn slow(name: &str, Payload(bytes): Payload, State((handled, mut open)): State<Gate>) {
    let _ = (name, bytes);
    open.wait_for(|open| *open).await.unwrap();
    handled.fetch_add(1, Ordering::SeqCst);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_17_a_flood_for_a_handler_that_is_held_up_takes_bounded_memory_and_nothing_is_lost() {
    let _one = ONE_FLOOD.lock().await;
    let broker = FakeBroker::start(Knobs::default()).await;
    let (open, gate) = watch::channel(false);
    let handled = Arc::new(AtomicUsize::new(0));
    let agent = Agent::new("ear").handlers(handlers![slow]).state((Arc::clone(&handled), gate));
    let agent = agent.start(&broker.url()).await.unwrap();
    let identifier = broker.seen().subscribe(1, "flood/").await.identifier;
    // Beyond the client's Receive Maximum, as Mosquitto 2.0 sends it.
    broker.flood(FLOOD, move |index| {
        let properties = match identifier {
            Some(identifier) => Properties::new().with(11, Value::Variable(identifier)),
            None => Properties::new(),
        };
        let (id, payload) = (index as u16 + 1, vec![b'x'; SIZE]);
        publish_bytes("flood/x", &Publish { qos: 1, id, payload, properties, ..Publish::default() })
    });
    let most = most_resident(Duration::from_secs(3)).await;
    open.send_replace(true);
    support::eventually("every message is handled", || async {
        (handled.load(Ordering::SeqCst) >= FLOOD).then_some(())
    })
    .await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 1);
    assert!(most < BOUND, "{} MiB", most >> 20);
}
