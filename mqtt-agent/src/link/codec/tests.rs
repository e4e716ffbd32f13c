//! Tests of the codec: against two other codecs, by hand-written bytes, and with hostile bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::link::message::{Filter, Message, RetainHandling};
use crate::link::will::Will;

mod by_hand;
mod hostile;
mod mqtt5;
mod rumqttc;
mod speed;

/// More than any packet here takes.
const MOST: usize = 4 * 1024 * 1024;

/// The only packet in these bytes.
fn read(bytes: &[u8]) -> Packet {
    let mut buffer = BytesMut::from(bytes);
    let packet = decode(&mut buffer, MOST).unwrap().unwrap();
    assert!(buffer.is_empty(), "{buffer:?} is left after {packet:?}");
    packet
}

fn refused(bytes: &[u8]) -> Malformed {
    decode(&mut BytesMut::from(bytes), MOST).unwrap_err()
}

fn written(write: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut out = BytesMut::new();
    write(&mut out);
    out
}

/// What a received message should be; `identifiers` in its order.
fn expected(message: &Message, packet: u16, dup: bool, identifiers: &[u32]) -> Packet {
    let mut found = Identifiers::default();
    identifiers.iter().for_each(|&identifier| found.push(identifier));
    let at_least_once = message.qos == QoS::AtLeastOnce;
    Packet::Publish(Publish {
        dup: dup && at_least_once,
        qos: message.qos,
        retain: message.retain,
        topic: Bytes::copy_from_slice(message.topic.as_bytes()),
        packet: if at_least_once { packet } else { 0 },
        payload: message.payload.clone(),
        properties: message.properties.clone(),
        identifiers: found,
        is_valid: true,
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-zA-Z0-9 ä€😀]{0,40}", 1 => "[a-z]{100,300}"]
}

fn topic() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-z/ä]{1,40}", 1 => "[a-z/]{100,300}"]
}

fn data(longest: usize) -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..longest).prop_map(Bytes::from)
}

fn user() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::vec((text(), text()), 0..5)
}

fn properties() -> impl Strategy<Value = Properties> {
    let optional = proptest::option::of::<BoxedStrategy<String>>;
    let expiry = proptest::option::of(any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into())));
    (
        optional(topic().boxed()),
        proptest::option::of(data(60)),
        optional(text().boxed()),
        any::<bool>(),
        expiry,
        user(),
    )
        .prop_map(|(response_topic, correlation_data, content_type, utf8_payload, expiry, user)| {
            Properties { response_topic, correlation_data, content_type, utf8_payload, expiry, user }
        })
}

fn qos() -> impl Strategy<Value = QoS> {
    prop_oneof![Just(QoS::AtMostOnce), Just(QoS::AtLeastOnce)]
}

fn message() -> impl Strategy<Value = Message> {
    let payload =
        prop_oneof![8 => data(300), 1 => (16_300..16_500usize).prop_map(|length| vec![7; length].into())];
    (topic(), payload, qos(), any::<bool>(), properties()).prop_map(
        |(topic, payload, qos, retain, properties)| Message {
            topic: topic.into(),
            payload,
            qos,
            retain,
            properties,
            receiver_limit: None,
        },
    )
}

fn identifiers() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(prop_oneof![1..200u32, 1..=268_435_455u32], 0..5)
}

/// A CONNACK whose fields this client keeps.
fn connack() -> impl Strategy<Value = ConnAck> {
    let optional = || proptest::option::of(text());
    let numbers = (
        proptest::option::of(any::<u32>()),
        1..=u16::MAX,
        proptest::option::of(1..=u32::MAX),
        proptest::option::of(any::<u16>()),
        any::<u16>(),
    );
    let flags = (any::<bool>(), qos(), any::<[bool; 4]>());
    let codes = [
        0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99,
        0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
    ];
    (proptest::sample::select(codes.to_vec()), numbers, flags, optional(), optional(), optional()).prop_map(
        |(reason, numbers, (session_present, maximum_qos, flags), client_id, reason_string, reference)| {
            ConnAck {
                session_present,
                reason,
                session_expiry: numbers.0,
                receive_maximum: numbers.1,
                maximum_qos,
                retain_available: flags[0],
                maximum_packet_size: numbers.2,
                assigned_client_id: client_id,
                wildcard_available: flags[1],
                identifiers_available: flags[2],
                shared_available: flags[3],
                server_keep_alive: numbers.3,
                reason_string,
                server_reference: reference,
                topic_alias_maximum: numbers.4,
            }
        },
    )
}

/// The values of a CONNECT: client id, clean start, keep-alive, session expiry, receive maximum, maximum packet size.
type Values = (String, bool, u16, u32, u16, u32);

fn values() -> impl Strategy<Value = Values> {
    ("[a-z]{1,200}", any::<bool>(), any::<u16>(), any::<u32>(), 1..=u16::MAX, 1..=u32::MAX)
}

fn connect<'a>(
    values: &'a Values,
    will: Option<&'a Will>,
    login: Option<&'a (String, String)>,
) -> Connect<'a> {
    Connect {
        client_id: &values.0,
        clean_start: values.1,
        keep_alive: values.2,
        session_expiry: values.3,
        receive_maximum: values.4,
        maximum_packet_size: values.5,
        will,
        credentials: login.map(|(username, password)| (username.as_str(), password.as_str())),
    }
}

fn will() -> impl Strategy<Value = Option<Will>> {
    let will = (message(), 0..100_000u64)
        .prop_map(|(message, delay)| Will { message, delay: Duration::from_secs(delay) });
    proptest::option::of(will)
}

fn login() -> impl Strategy<Value = Option<(String, String)>> {
    proptest::option::of(("[a-z]{1,20}", text()))
}

fn filter() -> impl Strategy<Value = Filter> {
    let retain_handling = proptest::sample::select(vec![
        RetainHandling::Send,
        RetainHandling::SendIfNew,
        RetainHandling::DoNotSend,
    ]);
    (prop_oneof![topic(), Just("a/+/#".to_owned()), Just("$share/g/a/#".to_owned())], qos(), retain_handling)
        .prop_map(|(filter, qos, retain_handling)| Filter { filter, qos, retain_handling })
}
