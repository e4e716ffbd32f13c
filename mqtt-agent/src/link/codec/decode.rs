//! Decodes the broker's packets: the framing, and the packets except their properties.

use bytes::{Buf, Bytes, BytesMut};

use super::reader::{self, Reader, has};
use super::{ConnAck, Disconnect, Malformed, Packet, PubAck, Publish, SubAck, UnsubAck, properties, reasons};
use crate::link::message::QoS;

const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const SUBACK: u8 = 9;
const UNSUBACK: u8 = 11;
const PINGRESP: u8 = 13;
const DISCONNECT: u8 = 14;

const TOO_LARGE: Malformed =
    Malformed::new(reasons::PACKET_TOO_LARGE, "a packet is larger than this client's maximum packet size");
const QOS_2: Malformed = Malformed::new(
    reasons::QOS_NOT_SUPPORTED,
    "a message has QoS 2, which this client doesn't subscribe with",
);
const WILDCARD: Malformed =
    Malformed::new(reasons::TOPIC_NAME_INVALID, "a message's topic contains a wildcard");

/// Takes the first packet out of what was read; `None` while it is incomplete.
///
/// `most` is the Maximum Packet Size that this client announced. A packet that is larger, or not one that a broker may
/// send, is refused as soon as its first bytes say so. After an error the connection has to end: where the next packet
/// begins is not known.
#[inline]
pub(in crate::link) fn decode(read: &mut BytesMut, most: usize) -> Result<Option<Packet>, Malformed> {
    let Some((&first, rest)) = read.split_first() else { return Ok(None) };
    check_first(first)?;
    let Some((remaining, taken)) = reader::varint(rest)? else { return Ok(None) };
    let header = 1 + taken;
    let total = header + remaining;
    if total > most {
        return Err(TOO_LARGE);
    }
    if first >> 4 == PUBLISH {
        if read.len() < total {
            return Ok(None);
        }
        let mut frame = read.split_to(total).freeze();
        frame.advance(header);
        return Ok(Some(Packet::Publish(publish(first, frame)?)));
    }
    let Some(body) = read.get(header..total) else { return Ok(None) };
    let packet = small(first >> 4, Reader::new(body))?;
    read.advance(total);
    Ok(Some(packet))
}

/// Refuses what a broker may not send, by its type and flags.
#[inline]
fn check_first(first: u8) -> Result<(), Malformed> {
    match (first >> 4, first & 0x0f) {
        (PUBLISH, flags) => match (flags >> 1) & 3 {
            0 if flags & 8 != 0 => Err(Malformed::packet("a message of QoS 0 is marked as a repetition")),
            0 | 1 => Ok(()),
            2 => Err(QOS_2),
            _ => Err(Malformed::packet("a message has QoS 3, which doesn't exist")),
        },
        (CONNACK | PUBACK | SUBACK | UNSUBACK | PINGRESP | DISCONNECT, 0) => Ok(()),
        (CONNACK | PUBACK | SUBACK | UNSUBACK | PINGRESP | DISCONNECT, _) => {
            Err(Malformed::packet("the reserved flags of a packet are set"))
        }
        (0, _) => Err(Malformed::packet("a packet has the type 0, which doesn't exist")),
        _ => Err(Malformed::protocol("a packet has a type that this client doesn't expect from a broker")),
    }
}

#[inline(always)]
fn publish(first: u8, mut frame: Bytes) -> Result<Publish, Malformed> {
    let qos = if first & 2 == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
    let mut reader = Reader::new(&frame);
    let topic = reader.text()?;
    if has(topic.as_bytes(), |byte| matches!(byte, b'+' | b'#')) {
        return Err(WILDCARD);
    }
    let packet = match qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce => reader.packet()?,
    };
    let (properties, identifiers, is_valid) = properties::publish(reader.properties()?, &frame)?;
    if topic.is_empty() {
        return Err(Malformed::protocol("a message's topic is empty"));
    }
    let topic = frame.slice_ref(topic.as_bytes());
    // The payload is what is left of the frame, which spares a reference to be counted up and down.
    let payload = frame.len() - reader.rest().len();
    frame.advance(payload);
    Ok(Publish {
        dup: first & 8 != 0,
        qos,
        retain: first & 1 != 0,
        topic,
        packet,
        payload: frame,
        properties,
        identifiers,
        is_valid,
    })
}

/// A packet other than PUBLISH, whose type and flags are valid.
#[inline(always)]
fn small(kind: u8, mut reader: Reader<'_>) -> Result<Packet, Malformed> {
    match kind {
        PUBACK => {
            let packet = reader.packet()?;
            let reason = if reader.is_empty() { 0 } else { reader.u8()? };
            let reason_string =
                if reader.is_empty() { None } else { properties::reason_string(reader.properties()?)? };
            reader.end()?;
            Ok(Packet::PubAck(PubAck { packet, reason, reason_string }))
        }
        CONNACK => connack(reader).map(Packet::ConnAck),
        SUBACK => {
            let (packet, reason_string, reasons) = answer(reader)?;
            Ok(Packet::SubAck(SubAck { packet, reasons: reasons.to_vec(), reason_string }))
        }
        UNSUBACK => answer(reader).map(|(packet, ..)| Packet::UnsubAck(UnsubAck { packet })),
        PINGRESP => reader.end().map(|()| Packet::PingResp),
        _ => {
            let reason = if reader.is_empty() { 0 } else { reader.u8()? };
            let (reason_string, server_reference) =
                if reader.is_empty() { (None, None) } else { properties::explanation(reader.properties()?)? };
            reader.end()?;
            Ok(Packet::Disconnect(Disconnect { reason, reason_string, server_reference }))
        }
    }
}

fn connack(mut reader: Reader<'_>) -> Result<Box<ConnAck>, Malformed> {
    let flags = reader.u8()?;
    if flags > 1 {
        return Err(Malformed::packet("the reserved flags of a CONNACK are set"));
    }
    let reason = reader.u8()?;
    let mut connack = ConnAck::new(flags == 1, reason);
    // A broker that speaks only 3.1.1 refuses the version in its own form, which has no properties.
    if reason == 0 || !reader.is_empty() {
        properties::connack(reader.properties()?, &mut connack)?;
        reader.end()?;
    }
    Ok(Box::new(connack))
}

/// The fields of SUBACK and UNSUBACK: packet identifier, reason string, reasons.
fn answer(mut reader: Reader<'_>) -> Result<(u16, Option<String>, &[u8]), Malformed> {
    let packet = reader.packet()?;
    let reason_string = properties::reason_string(reader.properties()?)?;
    let reasons = reader.rest();
    if reasons.is_empty() {
        return Err(Malformed::packet("an acknowledgement has no reason codes"));
    }
    Ok((packet, reason_string, reasons))
}
