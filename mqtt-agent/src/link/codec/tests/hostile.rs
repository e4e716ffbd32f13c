//! Truncated, random and changed bytes: each gets a result or an error, within bounded memory.

use super::*;
use crate::link::size;

/// Valid packets of each kind that a broker sends.
fn valid() -> Vec<Vec<u8>> {
    let mut full = Message::json("a/b/c", "{\"a\":1}").with_response("answers/me", "12345678");
    full = full
        .with_user("traceparent", "00-1")
        .with_user("x-mqtt-sender", "me")
        .with_expiry(Duration::from_secs(9));
    let mut packets = vec![
        written(|out| encode::publish(out, &full, 7, true, full.properties.expiry)).to_vec(),
        written(|out| encode::publish(out, &Message::new("t", vec![b'x'; 200]), 7, false, None)).to_vec(),
        written(|out| {
            let message = Message::new("t", "").with_qos(QoS::AtMostOnce).retained();
            encode::publish(out, &message, 0, false, None);
        })
        .to_vec(),
    ];
    let by_hand: [&[u8]; 14] = [
        b"\x30\x0d\x00\x01t\x08\x0b\x01\x0b\x80\x80\x01\x01\x01!",
        b"\x20\x03\x00\x00\x00",
        b"\x20\x02\x00\x01",
        b"\x20\x20\x01\x00\x1d\x11\x00\x00\x00\x09\x21\x00\x10\x24\x01\x25\x01\x27\x00\x01\x00\x00\x28\x01\x29\x01\x2a\x01\x13\x00\x0a\x22\x00\x05",
        b"\x20\x15\x00\x9c\x12\x12\x00\x02id\x1c\x00\x01s\x1f\x00\x01r\x26\x00\x00\x00\x00",
        b"\x40\x02\x00\x07",
        b"\x40\x0c\x00\x07\x95\x08\x1f\x00\x05large",
        b"\x90\x0a\x00\x01\x06\x1f\x00\x03why\x87",
        b"\x90\x05\x00\x01\x00\x00\x01",
        b"\xb0\x04\x00\x01\x00\x11",
        b"\xd0\x00",
        b"\xe0\x00",
        b"\xe0\x01\x8e",
        b"\xe0\x0c\x9d\x0a\x1c\x00\x01b\x1f\x00\x03why",
    ];
    packets.extend(by_hand.map(<[u8]>::to_vec));
    packets
}

/// The bytes that a packet holds beyond its own size and the read buffer.
fn held(packet: &Packet) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
    match packet {
        Packet::Publish(publish) => {
            let Properties { response_topic, content_type, user, .. } = &publish.properties;
            let pairs: usize = user.iter().map(|(key, value)| key.capacity() + value.capacity()).sum();
            let user = user.capacity() * size_of::<(String, String)>() + pairs;
            text(response_topic) + text(content_type) + user + publish.identifiers.more.capacity() * 4
        }
        Packet::ConnAck(connack) => {
            text(&connack.assigned_client_id) + text(&connack.reason_string) + text(&connack.server_reference)
        }
        Packet::PubAck(puback) => text(&puback.reason_string),
        Packet::SubAck(suback) => text(&suback.reason_string) + suback.reasons.capacity(),
        Packet::Disconnect(disconnect) => {
            text(&disconnect.reason_string) + text(&disconnect.server_reference)
        }
        Packet::UnsubAck(_) | Packet::PingResp => 0,
    }
}

/// Reads all packets in these bytes. Returns whether each was valid.
fn devour(bytes: &[u8]) -> bool {
    let mut buffer = BytesMut::from(bytes);
    let capacity = buffer.capacity();
    loop {
        let before = buffer.len();
        match decode(&mut buffer, MOST) {
            Ok(Some(packet)) => {
                let taken = before - buffer.len();
                assert!(taken >= 2, "a packet of {taken} bytes");
                assert!(held(&packet) <= 256 + 40 * taken, "{packet:?} of {taken} bytes");
            }
            Ok(None) => {
                assert_eq!(buffer.len(), before);
                assert!(buffer.capacity() <= capacity);
                return true;
            }
            Err(malformed) => {
                assert!(!malformed.what.is_empty());
                return false;
            }
        }
    }
}

/// Changes a packet in one to four places.
fn mutate(random: &mut fastrand::Rng, packet: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..random.usize(1..=4) {
        if packet.is_empty() {
            packet.push(random.u8(..));
        }
        let at = random.usize(..packet.len());
        match random.u8(..10) {
            0 => packet[at] = random.u8(..),
            1 => packet[at] ^= 1 << random.u8(..8),
            2 => packet[at] = *random.choice(&[0, 1, 0x0b, 0x26, 0x7f, 0x80, 0xff]).unwrap(),
            3 => packet[at] = packet[at].wrapping_add(random.u8(..5)).wrapping_sub(2),
            4 => packet.insert(at, random.u8(..)),
            5 => drop(packet.remove(at)),
            6 => packet.truncate(at),
            7 => {
                let end = random.usize(at..=packet.len());
                let part = packet[at..end].to_vec();
                packet.extend(part);
            }
            8 => {
                let other = random.choice(others).unwrap();
                packet.splice(at.., other[random.usize(..other.len())..].iter().copied());
            }
            // The length mended, so that what is inside is read.
            _ => {
                if packet.len() > 2 && packet.len() < 130 && packet[1] < 0x80 {
                    packet[1] = u8::try_from(packet.len() - 2).unwrap();
                }
            }
        }
    }
}

/// `MQTT_AGENT_FUZZ` is how many packets to try, `MQTT_AGENT_SEED` the seed of an earlier run.
#[test]
fn changed_packets_are_read_or_refused() {
    let variable =
        |name| std::env::var(name).ok().and_then(|text: String| text.replace('_', "").parse().ok());
    let count: u64 = variable("MQTT_AGENT_FUZZ").unwrap_or(1_000_000);
    let seed: u64 = variable("MQTT_AGENT_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("MQTT_AGENT_SEED={seed}");
    let packets = valid();
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut packet, mut accepted) = (Vec::new(), 0u64);
    for _ in 0..count {
        packet.clear();
        packet.extend_from_slice(random.choice(&packets).unwrap());
        mutate(&mut random, &mut packet, &packets);
        accepted += u64::from(devour(&packet));
    }
    println!("{count} changed packets, {accepted} of them valid or incomplete");
    assert!(
        count < 1000 || (accepted > count / 50 && accepted < count / 2),
        "the changes are too few or too many"
    );
}

#[test]
fn valid_packets_are_valid() {
    for packet in valid() {
        read(&packet);
    }
}

#[test]
fn each_beginning_of_a_packet_is_incomplete() {
    for packet in valid() {
        for length in 0..packet.len() {
            let mut beginning = BytesMut::from(&packet[..length]);
            assert_eq!(decode(&mut beginning, MOST), Ok(None), "{length} bytes of {packet:02x?}");
            assert_eq!(beginning.len(), length);
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        devour(&bytes);
    }

    #[test]
    fn each_beginning_of_a_message_is_incomplete(message in message(), cut: prop::sample::Index) {
        let packet = written(|out| encode::publish(out, &message, 1, false, message.properties.expiry));
        let mut beginning = BytesMut::from(&packet[..cut.index(packet.len())]);
        prop_assert_eq!(decode(&mut beginning, MOST), Ok(None));
    }

    #[test]
    fn the_size_is_what_is_written(message in message()) {
        let packet = written(|out| encode::publish(out, &message, 1, false, message.properties.expiry));
        prop_assert_eq!(size::publish(&message), packet.len());
    }

    #[test]
    fn the_size_of_a_subscribe_is_enough(filter in filter(), identifier in 1..=268_435_455u32) {
        let packet = written(|out| encode::subscribe(out, 1, &filter, Some(identifier)));
        prop_assert!(size::subscribe(&filter) >= packet.len());
        prop_assert!(identifier < 1 << 21 || size::subscribe(&filter) == packet.len());
    }

    #[test]
    fn room_is_made_once(message in message()) {
        let mut out = BytesMut::with_capacity(size::publish(&message) + 4);
        let begin = out.as_ptr();
        encode::publish(&mut out, &message, 1, false, message.properties.expiry);
        prop_assert_eq!(begin, out.as_ptr());
    }
}
