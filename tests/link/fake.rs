//! The fake broker itself: a whole one serves agents, and a strict one says what it has not.

use std::time::Duration;

use mqtt_agent::prelude::*;
use support::fake_broker::{
    Answer, Missing, Properties, Publish, Retained, Value, packet, property, publish_bytes, text,
};
use support::{FakeBroker, Knobs, SOON};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::*;

/// A client of bare bytes.
struct Bare(TcpStream);

impl Bare {
    async fn connect(broker: &FakeBroker, will: Option<u8>) -> Self {
        let mut bare = Self(TcpStream::connect(broker.address()).await.unwrap());
        let flags = 0x02 | will.map_or(0, |flags| 0x04 | flags);
        let mut body = text("MQTT");
        body.extend([5, flags, 0, 30, 0]);
        body.extend(text("bare"));
        if will.is_some() {
            body.push(0);
            body.extend(text("will"));
            body.extend(text("gone"));
        }
        bare.send(packet(0x10, &body)).await;
        bare
    }

    async fn send(&mut self, bytes: Vec<u8>) {
        self.0.write_all(&bytes).await.unwrap();
    }

    async fn subscribe(&mut self, filter: &str, identifier: Option<u32>) {
        let mut body = vec![0, 7];
        match identifier {
            Some(number) => body.extend([2, property::SUBSCRIPTION_IDENTIFIER, number as u8]),
            None => body.push(0),
        }
        body.extend(text(filter));
        body.push(1);
        self.send(packet(0x82, &body)).await;
    }

    /// Exactly so many bytes.
    async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let read = self.0.read_exact(&mut bytes);
        tokio::time::timeout(SOON, read).await.expect("in time").unwrap();
        bytes
    }

    /// The next bytes are these.
    async fn expect(&mut self, bytes: &[u8]) {
        assert_eq!(self.read(bytes.len()).await, bytes);
    }
}

const ACCEPTED: &[u8] = &[0x20, 3, 0, 0, 0];

#[tokio::test]
async fn a_tool_is_found_and_called_on_a_broker_that_lacks_nothing() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (agent, client) = agent_and_client(&broker).await;
    assert_eq!(client.tools().await.unwrap().len(), 2);
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap(), json!(3.0));
    let connect = broker.seen().connect(1).await;
    assert_eq!((connect.client_id.as_str(), connect.level), ("calc", 5));
    assert!(connect.will.unwrap().retain);
    agent.stop().await;
    assert_eq!(broker.seen().end(1).await, Some(0));
}

#[tokio::test]
async fn an_agent_and_a_client_work_on_packets_that_come_byte_by_byte() {
    let broker = FakeBroker::start(Knobs { byte_by_byte: Some(Duration::ZERO), ..Knobs::default() }).await;
    let (agent, client) = agent_and_client(&broker).await;
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}

#[tokio::test]
async fn an_agent_and_a_client_work_on_a_broker_that_takes_its_time() {
    let late = Answer::After(Duration::from_millis(100));
    let broker =
        FakeBroker::start(Knobs { connack: late, puback: late, suback: late, ..Knobs::default() }).await;
    let (agent, client) = agent_and_client(&broker).await;
    can_be_called(&client).await;
    agent.stop().await;
    assert_eq!(broker.seen().connects(), 2);
}

#[tokio::test]
async fn a_strict_one_disconnects_who_uses_what_there_is_not() {
    let message = |qos, retain| {
        publish_bytes("a", &Publish { qos, retain, id: u16::from(qos > 0), ..Publish::default() })
    };
    let lacks = |lack: fn(&mut Knobs)| {
        let mut knobs = Knobs { announced: false, ..Knobs::default() };
        lack(&mut knobs);
        knobs
    };
    for (knobs, filter, sent, reason) in [
        (lacks(|knobs| knobs.shared = false), Some("$share/g/a"), vec![], 0x9e),
        (lacks(|knobs| knobs.wildcards = false), Some("a/+"), vec![], 0xa2),
        (lacks(|knobs| knobs.identifiers = false), Some("a"), vec![], 0xa1),
        (lacks(|knobs| knobs.retain = false), None, message(0, true), 0x9a),
        (lacks(|knobs| knobs.max_qos = 0), None, message(1, false), 0x9b),
        (Knobs::default(), None, vec![0x80, 0], 0x81),
        (Knobs::default(), None, message(2, false), 0x9b),
    ] {
        let broker = FakeBroker::start(knobs).await;
        let mut bare = Bare::connect(&broker, None).await;
        bare.expect(ACCEPTED).await;
        if let Some(filter) = filter {
            bare.subscribe(filter, Some(1)).await;
        }
        bare.send(sent).await;
        bare.expect(&[0xe0, 2, reason, 0]).await;
    }
}

#[tokio::test]
async fn a_strict_one_refuses_a_will_that_it_could_not_publish() {
    let broker = FakeBroker::start(Knobs { retain: false, ..Knobs::default() }).await;
    Bare::connect(&broker, Some(0x20)).await.expect(&[0x20, 3, 0, 0x9a, 0]).await;
    let broker = FakeBroker::start(Knobs { max_qos: 0, ..Knobs::default() }).await;
    Bare::connect(&broker, Some(0x08)).await.expect(&[0x20, 3, 0, 0x9b, 0]).await;
}

#[tokio::test]
async fn one_that_refuses_says_so_in_its_acknowledgements() {
    let knobs = Knobs { shared: false, announced: false, missing: Missing::Refused, ..Knobs::default() };
    let broker = FakeBroker::start(knobs).await;
    let mut bare = Bare::connect(&broker, None).await;
    bare.expect(ACCEPTED).await;
    bare.subscribe("$share/g/a", None).await;
    bare.expect(&[0x90, 4, 0, 7, 0, 0x9e]).await;
}

#[tokio::test]
async fn what_there_is_not_is_announced() {
    let knobs = Knobs {
        retain: false,
        wildcards: false,
        identifiers: false,
        shared: false,
        max_qos: 1,
        receive_maximum: Some(2),
        ..Knobs::default()
    };
    let broker = FakeBroker::start(knobs).await;
    let mut bare = Bare::connect(&broker, None).await;
    bare.expect(&[0x20, 16, 0, 0, 13, 36, 1, 37, 0, 40, 0, 41, 0, 42, 0, 33, 0, 2]).await;
}

#[tokio::test]
async fn overlapping_subscriptions_give_one_copy_each_or_one_with_all_identifiers() {
    for merge in [false, true] {
        let broker = FakeBroker::start(Knobs { merge, ..Knobs::default() }).await;
        let mut bare = Bare::connect(&broker, None).await;
        bare.expect(ACCEPTED).await;
        bare.subscribe("a/+", Some(1)).await;
        bare.expect(&[0x90, 4, 0, 7, 0, 1]).await;
        bare.subscribe("a/#", Some(2)).await;
        bare.expect(&[0x90, 4, 0, 7, 0, 1]).await;
        broker.publish("a/b", "!");
        if merge {
            bare.expect(&[0x32, 13, 0, 3, b'a', b'/', b'b', 0, 1, 4, 11, 1, 11, 2, b'!']).await;
        } else {
            bare.expect(&[0x32, 11, 0, 3, b'a', b'/', b'b', 0, 1, 2, 11, 1, b'!']).await;
            bare.expect(&[0x32, 11, 0, 3, b'a', b'/', b'b', 0, 2, 2, 11, 2, b'!']).await;
        }
    }
}

#[tokio::test]
async fn retained_messages_are_kept_dropped_or_withheld_from_wildcards() {
    for (retained, filter, comes) in [
        (Retained::Kept, "a/+", true),
        (Retained::Kept, "a/b", true),
        (Retained::Dropped, "a/b", false),
        (Retained::NotForWildcards, "a/+", false),
        (Retained::NotForWildcards, "a/b", true),
    ] {
        let broker = FakeBroker::start(Knobs { retained, ..Knobs::default() }).await;
        let mut bare = Bare::connect(&broker, None).await;
        bare.expect(ACCEPTED).await;
        let kept = Publish { retain: true, payload: b"!".to_vec(), ..Publish::default() };
        bare.send(publish_bytes("a/b", &kept)).await;
        bare.subscribe(filter, None).await;
        bare.expect(&[0x90, 4, 0, 7, 0, 1]).await;
        if comes {
            bare.expect(&publish_bytes("a/b", &kept)).await;
        }
        bare.send(vec![0xc0, 0]).await;
        bare.expect(&[0xd0, 0]).await;
    }
}

#[tokio::test]
async fn raw_bytes_are_sent_as_they_are_and_a_frozen_one_reads_nothing() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let mut bare = Bare::connect(&broker, None).await;
    bare.expect(ACCEPTED).await;
    broker.send_raw([1, 2, 3]);
    bare.expect(&[1, 2, 3]).await;
    broker.stall();
    bare.send(vec![0xc0, 0]).await;
    let mut byte = [0];
    let nothing = tokio::time::timeout(Duration::from_millis(200), bare.0.read(&mut byte)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    broker.resume();
    bare.expect(&[0xd0, 0]).await;
    broker.disconnect(
        0x9c,
        &Properties::new().server("x").with(property::REASON_STRING, Value::Bytes(vec![b'y'])),
    );
    bare.expect(&[0xe0, 10, 0x9c, 8, 28, 0, 1, b'x', 31, 0, 1, b'y']).await;
    assert_eq!(bare.0.read(&mut byte).await.unwrap(), 0);
}
