//! Hand-written bytes: packets that other codecs misread, and a violation of each rule.

use super::*;

fn published(bytes: &[u8]) -> Publish {
    match read(bytes) {
        Packet::Publish(publish) => publish,
        other => panic!("{other:?}"),
    }
}

#[test]
fn several_identifiers_leave_the_payload_whole() {
    for identifiers in 0..6u8 {
        let mut properties = Vec::new();
        for identifier in 1..=identifiers {
            properties.extend([0x0b, 0x80 | identifier, 0x80, 0x80, 0x01]);
        }
        properties.extend([1, 1]);
        let mut body = vec![0, 1, b't', u8::try_from(properties.len()).unwrap()];
        body.extend(properties);
        body.extend(b"{}");
        let mut packet = vec![0x30, u8::try_from(body.len()).unwrap()];
        packet.extend(body);
        let publish = published(&packet);
        assert_eq!(publish.payload, "{}");
        assert!(publish.properties.utf8_payload);
        let expected: Vec<u32> = (1..=identifiers).map(|id| (1 << 21) + u32::from(id)).collect();
        assert_eq!(publish.identifiers.iter().collect::<Vec<_>>(), expected);
        assert_eq!(publish.identifiers.iter().next().is_none(), identifiers == 0);
    }
}

#[test]
fn a_puback_may_say_packet_too_large_and_why() {
    let bytes = b"\x40\x0c\x00\x07\x95\x08\x1f\x00\x05large";
    let expected = PubAck { packet: 7, reason: 0x95, reason_string: Some("large".into()) };
    assert_eq!(read(bytes), Packet::PubAck(expected));
    let plain = PubAck { packet: 7, reason: 0, reason_string: None };
    assert_eq!(read(&[0x40, 2, 0, 7]), Packet::PubAck(plain.clone()));
    assert_eq!(read(&[0x40, 3, 0, 7, 0]), Packet::PubAck(plain.clone()));
    assert_eq!(read(&[0x40, 4, 0, 7, 0, 0]), Packet::PubAck(plain));
}

#[test]
fn a_disconnect_may_be_short() {
    let disconnect = |reason| Disconnect { reason, reason_string: None, server_reference: None };
    assert_eq!(read(&[0xe0, 0]), Packet::Disconnect(disconnect(0)));
    assert_eq!(read(&[0xe0, 1, 0x8e]), Packet::Disconnect(disconnect(0x8e)));
    assert_eq!(read(&[0xe0, 2, 0x8e, 0]), Packet::Disconnect(disconnect(0x8e)));
    let bytes = b"\xe0\x0c\x9d\x0a\x1c\x00\x01b\x1f\x00\x03why";
    let expected =
        Disconnect { reason: 0x9d, reason_string: Some("why".into()), server_reference: Some("b".into()) };
    assert_eq!(read(bytes), Packet::Disconnect(expected));
}

#[test]
fn a_suback_may_say_why() {
    let bytes = b"\x90\x0a\x00\x01\x06\x1f\x00\x03why\x87";
    let expected = SubAck { packet: 1, reasons: vec![0x87], reason_string: Some("why".into()) };
    assert_eq!(read(bytes), Packet::SubAck(expected));
}

#[test]
fn reasons_that_are_not_known_are_passed_on() {
    assert!(matches!(read(&[0x40, 3, 0, 7, 0xee]), Packet::PubAck(PubAck { reason: 0xee, .. })));
    assert!(matches!(read(&[0xe0, 1, 0xee]), Packet::Disconnect(Disconnect { reason: 0xee, .. })));
    assert!(matches!(read(&[0x20, 3, 0, 0xee, 0]), Packet::ConnAck(connack) if connack.reason == 0xee));
    assert!(matches!(read(&[0x90, 4, 0, 1, 0, 0xee]), Packet::SubAck(suback) if suback.reasons == [0xee]));
    assert_eq!(reasons::name(0xee), "unknown reason");
    assert_eq!(reasons::name(0x87), "not authorized");
}

#[test]
fn a_refusal_by_a_3_1_1_broker_is_read() {
    assert_eq!(read(&[0x20, 2, 0, 1]), Packet::ConnAck(Box::new(ConnAck::new(false, 1))));
    assert_eq!(refused(&[0x20, 2, 0, 0]).reason, 0x81);
}

#[test]
fn absent_properties_of_a_connack_have_the_standards_values() {
    let Packet::ConnAck(connack) = read(&[0x20, 3, 1, 0, 0]) else { panic!("no connack") };
    assert!(connack.session_present);
    assert_eq!((connack.receive_maximum, connack.topic_alias_maximum), (65_535, 0));
    assert_eq!((connack.maximum_qos, connack.maximum_packet_size), (QoS::AtLeastOnce, None));
    assert!(connack.retain_available && connack.wildcard_available);
    assert!(connack.identifiers_available && connack.shared_available);
}

#[test]
fn user_properties_of_the_broker_are_left_out() {
    let publish = published(&with(b"\x26\x00\x08x-mqtt-a\x00\x00\x26\x00\x01a\x00\x01b"));
    assert_eq!(publish.properties.user, [("a".to_owned(), "b".to_owned())]);
}

/// A PUBLISH at QoS 0 to `t` with these properties.
fn with(properties: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x30, u8::try_from(4 + properties.len()).unwrap(), 0, 1, b't'];
    packet.push(u8::try_from(properties.len()).unwrap());
    packet.extend(properties);
    packet
}

#[test]
fn what_the_standard_forbids_is_refused() {
    let cases: &[(u8, &[u8])] = &[
        // Framing.
        (0x81, &[0x30, 0xff, 0xff, 0xff, 0xff]),
        (0x81, &[0x30, 0x80, 0x00]),
        (0x95, &[0x30, 0xff, 0xff, 0xff, 0x7f]),
        // Types that no broker sends to this client.
        (0x81, &[0x00]),
        (0x82, &[0x10]),
        (0x82, &[0x50]),
        (0x82, &[0x62]),
        (0x82, &[0x70]),
        (0x82, &[0x82]),
        (0x82, &[0xa2]),
        (0x82, &[0xc0]),
        (0x82, &[0xf0]),
        // Flags.
        (0x81, &[0x21]),
        (0x81, &[0x42]),
        (0x81, &[0xd8]),
        (0x81, &[0xe1]),
        (0x9b, &[0x34]),
        (0x81, &[0x36]),
        (0x81, &[0x38]),
        // Lengths that leave their packet, and bytes that are left.
        (0x81, &[0x30, 0]),
        (0x81, &[0x30, 3, 0, 2, b't']),
        (0x81, &[0x30, 3, 0, 1, b't']),
        (0x81, &[0x30, 4, 0, 1, b't', 1]),
        (0x81, &[0x32, 4, 0, 1, b't', 0]),
        (0x81, &[0x40, 1, 0]),
        (0x81, &[0x40, 5, 0, 1, 0, 0, 0]),
        (0x81, &[0x20, 1, 0]),
        (0x81, &[0x20, 3, 2, 0, 0]),
        (0x81, &[0x20, 4, 0, 0, 0, 0]),
        (0x81, &[0x90, 3, 0, 1, 0]),
        (0x81, &[0xb0, 3, 0, 1, 0]),
        (0x81, &[0xd0, 1, 0]),
        (0x81, &[0xe0, 3, 0, 0, 0]),
        // Packet identifiers.
        (0x82, &[0x32, 6, 0, 1, b't', 0, 0, 0]),
        (0x82, &[0x40, 2, 0, 0]),
        (0x82, &[0x90, 4, 0, 0, 0, 0]),
        (0x82, &[0xb0, 4, 0, 0, 0, 0]),
        // Topics.
        (0x82, &[0x30, 3, 0, 0, 0]),
        (0x90, &[0x30, 4, 0, 1, b'#', 0]),
        (0x90, &[0x30, 4, 0, 1, b'+', 0]),
        (0x81, &[0x30, 4, 0, 1, 0, 0]),
        (0x81, &[0x30, 4, 0, 1, 0xff, 0]),
        (0x81, &[0x30, 6, 0, 3, 0xed, 0xa0, 0x80, 0]),
        // Properties of a message.
        (0x94, &with(&[0x23, 0, 1])),
        (0x82, &with(&[1, 1, 1, 1])),
        (0x82, &with(&[0x0b, 0])),
        (0x81, &with(&[0x0b, 0x80])),
        (0x81, &with(&[0x0b, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        (0x82, &with(&[0x1f, 0, 0])),
        (0x82, &with(&[0x7f, 0])),
        (0x82, &with(&[0xff, 0])),
        (0x82, &with(&[0x00])),
        (0x81, &with(&[0x03, 0, 2, b'a'])),
        (0x81, &with(&[0x02, 0, 0, 0])),
        // Properties of other packets.
        (0x82, &[0x20, 6, 0, 0, 3, 0x21, 0, 0]),
        (0x82, &[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0]),
        (0x82, &[0x20, 5, 0, 0, 2, 0x24, 2]),
        (0x82, &[0x20, 5, 0, 0, 2, 0x25, 2]),
        (0x82, &[0x20, 7, 0, 0, 4, 0x25, 0, 0x25, 0]),
        (0x82, &[0x20, 5, 0, 0, 2, 0x01, 1]),
        (0x82, &[0x40, 7, 0, 1, 0, 3, 0x1c, 0, 0]),
        (0x82, &[0x40, 10, 0, 1, 0, 6, 0x1f, 0, 0, 0x1f, 0, 0]),
        (0x82, &[0xe0, 7, 0, 5, 0x11, 0, 0, 0, 0]),
    ];
    for (reason, bytes) in cases {
        let malformed = refused(bytes);
        assert_eq!(malformed.reason, *reason, "{bytes:02x?}: {malformed}");
    }
}

#[test]
fn a_packet_over_the_limit_is_refused_by_its_header() {
    let limit = |bytes: &[u8], most| decode(&mut BytesMut::from(bytes), most);
    assert_eq!(limit(&[0x30, 0xfd, 0x07], 1024).map(|packet| packet.is_some()), Ok(false));
    assert_eq!(limit(&[0x30, 0xfe, 0x07], 1024).unwrap_err().reason, 0x95);
}

#[test]
fn a_peers_invalid_text_is_told_apart_and_ends_nothing() {
    // NUL in a content type, bytes that are no UTF-8 in a response topic and in a user property.
    for bad in [&[0x03, 0, 1, 0][..], &[0x08, 0, 1, 0xff], &[0x26, 0, 1, b'k', 0, 1, 0xff]] {
        let Packet::Publish(publish) = read(&with(bad)) else { panic!("no publish") };
        assert!(!publish.is_valid, "{bad:02x?}");
        assert_eq!(publish.properties, Properties::default());
    }
}

#[test]
fn more_properties_than_are_kept_are_left_out() {
    for (property, length) in [(&[0x26, 0, 0, 0, 0][..], 5), (&[0x0b, 1][..], 2)] {
        for count in [1000, 1001] {
            let size = count * length;
            let mut packet = vec![0x30];
            let varint = |value: usize| [(value & 0x7f) as u8 | 0x80, (value >> 7) as u8];
            packet.extend(varint(5 + size));
            packet.extend([0, 1, b't']);
            packet.extend(varint(size));
            (0..count).for_each(|_| packet.extend(property));
            let Packet::Publish(publish) = read(&packet) else { panic!("no publish") };
            assert!(publish.is_valid);
            assert_eq!(publish.properties.user.len() + publish.identifiers.iter().count(), 1000);
        }
    }
}

#[test]
fn a_message_is_not_copied() {
    let message = Message::new("a/b", "payload").with_correlation("data");
    let mut buffer = written(|out| encode::publish(out, &message, 1, false, None));
    let range = buffer.as_ptr_range();
    let Some(Packet::Publish(publish)) = decode(&mut buffer, MOST).unwrap() else { panic!("no publish") };
    for part in [&publish.topic, &publish.payload, publish.properties.correlation_data.as_ref().unwrap()] {
        assert!(range.contains(&part.as_ptr()));
    }
}

#[test]
fn packets_follow_one_another() {
    let mut buffer = written(|out| {
        encode::puback(out, 1, 0);
        encode::publish(out, &Message::new("a", "b"), 2, false, None);
        out.extend_from_slice(&[0xd0, 0, 0x40]);
    });
    assert!(matches!(decode(&mut buffer, MOST), Ok(Some(Packet::PubAck(PubAck { packet: 1, .. })))));
    assert!(matches!(decode(&mut buffer, MOST), Ok(Some(Packet::Publish(Publish { packet: 2, .. })))));
    assert!(matches!(decode(&mut buffer, MOST), Ok(Some(Packet::PingResp))));
    assert_eq!(decode(&mut buffer, MOST), Ok(None));
    assert_eq!(&buffer[..], [0x40]);
}

#[test]
fn what_is_left_of_the_expiry_is_rounded_up() {
    let message = Message::new("a", "");
    let bytes = written(|out| encode::publish(out, &message, 1, false, Some(Duration::from_millis(1001))));
    assert_eq!(published(&bytes).properties.expiry, Some(Duration::from_secs(2)));
    assert_eq!(encode::seconds(Duration::from_millis(1)), 1);
    assert_eq!(encode::seconds(Duration::MAX), u32::MAX);
}

#[test]
fn values_that_are_too_long_are_named_and_leave_the_framing_whole() {
    let long = "x".repeat(70_000);
    let values = (long.clone(), true, 10, 0, 10, 1024);
    let login = (long.clone(), long.clone());
    let will = Will { message: Message::new("t", long.clone()), delay: Duration::ZERO };
    let plain = ("c".to_owned(), true, 10, 0, 10, 1024);
    for (connect, what) in [
        (connect(&values, None, None), "client id"),
        (connect(&plain, None, Some(&login)), "user name"),
        (connect(&plain, Some(&will), None), "payload"),
    ] {
        assert!(connect.check().unwrap_err().contains(what));
        let bytes = written(|out| encode::connect(out, &connect));
        let (remaining, taken) = reader::varint(&bytes[1..]).unwrap().unwrap();
        assert_eq!(bytes.len(), 1 + taken + remaining);
    }
    assert_eq!(connect(&plain, None, None).check(), Ok(()));
    let message = Message::new(long.as_str(), "").with_user(long.as_str(), "");
    let bytes = written(|out| encode::publish(out, &message, 1, false, None));
    assert_eq!(published(&bytes).topic.len(), 65_535);
}
