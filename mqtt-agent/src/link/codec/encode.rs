//! Encodes the client's packets. Each function appends one whole packet to `out` and allocates only to grow `out`.
//!
//! Values that do not fit into a packet are refused earlier, by `Message::check`, `Filter::check`, [`Connect::check`]
//! and the check against the broker's Maximum Packet Size. If such a value gets here nevertheless, it is truncated, so
//! that the broker finds the next packet at the right place.

use std::time::Duration;

use bytes::{BufMut, BytesMut};

use super::{MOST_REMAINING, property};
use crate::link::message::{Filter, Message, Properties, QoS, RetainHandling};
use crate::link::will::Will;

/// The longest string or binary value that MQTT's two length bytes allow.
const LONGEST: usize = u16::MAX as usize;

/// What a CONNECT says.
pub(in crate::link) struct Connect<'a> {
    pub(in crate::link) client_id: &'a str,
    pub(in crate::link) clean_start: bool,
    /// Seconds.
    pub(in crate::link) keep_alive: u16,
    /// Seconds.
    pub(in crate::link) session_expiry: u32,
    pub(in crate::link) receive_maximum: u16,
    pub(in crate::link) maximum_packet_size: u32,
    pub(in crate::link) will: Option<&'a Will>,
    /// User name and password.
    pub(in crate::link) credentials: Option<(&'a str, &'a str)>,
}

impl Connect<'_> {
    /// Says which value is too long for a packet. The Will's other values are checked by `Message::check`.
    pub(in crate::link) fn check(&self) -> Result<(), &'static str> {
        let (username, password) = self.credentials.unwrap_or_default();
        let payload = self.will.map_or(0, |will| will.message.payload.len());
        for (length, what) in [
            (self.client_id.len(), "the client id is longer than 65535 bytes"),
            (username.len(), "the user name is longer than 65535 bytes"),
            (password.len(), "the password is longer than 65535 bytes"),
            (payload, "the Will's payload is longer than 65535 bytes"),
        ] {
            if length > LONGEST {
                return Err(what);
            }
        }
        Ok(())
    }
}

/// Whole seconds, rounded up: a message must not expire at the broker before it does here.
#[inline]
pub(in crate::link) fn seconds(duration: Duration) -> u32 {
    let whole = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    u32::try_from(whole).unwrap_or(u32::MAX)
}

/// A CONNECT.
pub(in crate::link) fn connect(out: &mut BytesMut, connect: &Connect<'_>) {
    const PROPERTIES: usize = 5 + 3 + 5;
    let client_id = fit(connect.client_id.as_bytes());
    let mut remaining = 10 + 1 + PROPERTIES + 2 + client_id.len();
    let mut flags = u8::from(connect.clean_start) << 1;
    if let Some(will) = connect.will {
        let (message, properties) = (&will.message, will_properties(will));
        flags |= 0x04 | qos(message.qos) << 3 | u8::from(message.retain) << 5;
        remaining += varint_size(properties) + properties;
        remaining += 2 + fit(message.topic.as_bytes()).len() + 2 + fit(&message.payload).len();
    }
    if let Some((username, password)) = connect.credentials {
        flags |= 0xc0;
        remaining += 2 + fit(username.as_bytes()).len() + 2 + fit(password.as_bytes()).len();
    }
    header(out, 0x10, remaining);
    out.put_slice(b"\x00\x04MQTT\x05");
    out.put_u8(flags);
    out.put_u16(connect.keep_alive);
    varint(out, PROPERTIES);
    number(out, property::SESSION_EXPIRY, connect.session_expiry);
    out.put_u8(property::RECEIVE_MAXIMUM);
    out.put_u16(connect.receive_maximum);
    number(out, property::MAXIMUM_PACKET_SIZE, connect.maximum_packet_size);
    data(out, client_id);
    if let Some(will) = connect.will {
        let message = &will.message;
        varint(out, will_properties(will));
        if !will.delay.is_zero() {
            number(out, property::WILL_DELAY, seconds(will.delay));
        }
        properties(out, &message.properties, message.properties.expiry);
        data(out, message.topic.as_bytes());
        data(out, &message.payload);
    }
    if let Some((username, password)) = connect.credentials {
        data(out, username.as_bytes());
        data(out, password.as_bytes());
    }
}

fn will_properties(will: &Will) -> usize {
    let properties = &will.message.properties;
    (if will.delay.is_zero() { 0 } else { 5 }) + properties_size(properties, properties.expiry)
}

/// A PUBLISH with what is left of its expiry. `packet` is written at QoS 1 only, and so is `dup`.
#[inline]
pub(in crate::link) fn publish(
    out: &mut BytesMut,
    message: &Message,
    packet: u16,
    dup: bool,
    expiry: Option<Duration>,
) {
    let topic = fit(message.topic.as_bytes());
    let size = properties_size(&message.properties, expiry);
    let at_least_once = message.qos == QoS::AtLeastOnce;
    let before = 2 + topic.len() + if at_least_once { 2 } else { 0 } + varint_size(size) + size;
    let payload = &*message.payload;
    let payload = payload.get(..MOST_REMAINING.saturating_sub(before)).unwrap_or(payload);
    let dup = dup && at_least_once;
    let flags = u8::from(dup) << 3 | qos(message.qos) << 1 | u8::from(message.retain);
    header(out, 0x30 | flags, before + payload.len());
    data(out, topic);
    if at_least_once {
        out.put_u16(packet);
    }
    varint(out, size);
    properties(out, &message.properties, expiry);
    out.extend_from_slice(payload);
}

/// A PUBACK.
#[inline]
pub(in crate::link) fn puback(out: &mut BytesMut, packet: u16, reason: u8) {
    let [high, low] = packet.to_be_bytes();
    match reason {
        0 => out.extend_from_slice(&[0x40, 2, high, low]),
        _ => out.extend_from_slice(&[0x40, 3, high, low, reason]),
    }
}

/// A SUBSCRIBE for one filter. An identifier has to be 1 to 268,435,455.
pub(in crate::link) fn subscribe(out: &mut BytesMut, packet: u16, filter: &Filter, identifier: Option<u32>) {
    let identifier = identifier.map(|identifier| usize::try_from(identifier).unwrap_or(MOST_REMAINING));
    let size = identifier.map_or(0, |identifier| 1 + varint_size(identifier));
    let name = fit(filter.filter.as_bytes());
    header(out, 0x82, 2 + 1 + size + 2 + name.len() + 1);
    out.put_u16(packet);
    varint(out, size);
    if let Some(identifier) = identifier {
        out.put_u8(property::SUBSCRIPTION_IDENTIFIER);
        varint(out, identifier);
    }
    data(out, name);
    let retain_handling = match filter.retain_handling {
        RetainHandling::Send => 0,
        RetainHandling::SendIfNew => 1,
        RetainHandling::DoNotSend => 2,
    };
    out.put_u8(qos(filter.qos) | retain_handling << 4);
}

/// An UNSUBSCRIBE for one filter.
pub(in crate::link) fn unsubscribe(out: &mut BytesMut, packet: u16, filter: &str) {
    let name = fit(filter.as_bytes());
    header(out, 0xa2, 2 + 1 + 2 + name.len());
    out.put_u16(packet);
    varint(out, 0);
    data(out, name);
}

/// A PINGREQ.
pub(in crate::link) fn pingreq(out: &mut BytesMut) {
    out.extend_from_slice(&[0xc0, 0]);
}

/// A DISCONNECT.
pub(in crate::link) fn disconnect(out: &mut BytesMut, reason: u8) {
    match reason {
        0 => out.extend_from_slice(&[0xe0, 0]),
        _ => out.extend_from_slice(&[0xe0, 1, reason]),
    }
}

/// The fixed header; makes room for the whole packet, so that the buffer grows once.
#[inline]
fn header(out: &mut BytesMut, first: u8, remaining: usize) {
    out.reserve(5 + remaining);
    out.put_u8(first);
    varint(out, remaining);
}

#[inline]
fn properties_size(properties: &Properties, expiry: Option<Duration>) -> usize {
    let value = |value: &[u8]| 2 + fit(value).len();
    let mut size = if properties.utf8_payload { 2 } else { 0 };
    size += if expiry.is_some() { 5 } else { 0 };
    size += properties.content_type.as_ref().map_or(0, |text| 1 + value(text.as_bytes()));
    size += properties.response_topic.as_ref().map_or(0, |text| 1 + value(text.as_bytes()));
    size += properties.correlation_data.as_ref().map_or(0, |data| 1 + value(data));
    for (key, text) in &properties.user {
        size += 1 + value(key.as_bytes()) + value(text.as_bytes());
    }
    size
}

#[inline]
fn properties(out: &mut BytesMut, properties: &Properties, expiry: Option<Duration>) {
    if properties.utf8_payload {
        out.extend_from_slice(&[property::PAYLOAD_FORMAT, 1]);
    }
    if let Some(expiry) = expiry {
        number(out, property::MESSAGE_EXPIRY, seconds(expiry));
    }
    if let Some(text) = &properties.content_type {
        value(out, property::CONTENT_TYPE, text.as_bytes());
    }
    if let Some(text) = &properties.response_topic {
        value(out, property::RESPONSE_TOPIC, text.as_bytes());
    }
    if let Some(data) = &properties.correlation_data {
        value(out, property::CORRELATION_DATA, data);
    }
    for (key, text) in &properties.user {
        value(out, property::USER, key.as_bytes());
        data(out, text.as_bytes());
    }
}

/// A property of four bytes.
#[inline]
fn number(out: &mut BytesMut, id: u8, number: u32) {
    let [a, b, c, d] = number.to_be_bytes();
    out.extend_from_slice(&[id, a, b, c, d]);
}

/// A property that is a string or binary data.
#[inline]
fn value(out: &mut BytesMut, id: u8, bytes: &[u8]) {
    let bytes = fit(bytes);
    let [high, low] = length(bytes);
    out.extend_from_slice(&[id, high, low]);
    out.extend_from_slice(bytes);
}

/// A string or binary data with its two length bytes.
#[inline]
fn data(out: &mut BytesMut, bytes: &[u8]) {
    let bytes = fit(bytes);
    out.extend_from_slice(&length(bytes));
    out.extend_from_slice(bytes);
}

#[inline]
fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[inline]
fn fit(bytes: &[u8]) -> &[u8] {
    bytes.get(..LONGEST).unwrap_or(bytes)
}

#[inline]
fn qos(qos: QoS) -> u8 {
    match qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce => 1,
    }
}

#[inline]
fn varint_size(value: usize) -> usize {
    match value {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

/// A variable byte integer.
#[inline]
fn varint(out: &mut BytesMut, value: usize) {
    let [a, b, c, d, ..] = value.to_le_bytes();
    let value = u32::from_le_bytes([a, b, c, d]);
    let part = |shift: u32| (value >> shift) as u8 & 0x7f;
    match varint_size(value as usize) {
        1 => out.put_u8(part(0)),
        2 => out.extend_from_slice(&[part(0) | 0x80, part(7)]),
        3 => out.extend_from_slice(&[part(0) | 0x80, part(7) | 0x80, part(14)]),
        _ => out.extend_from_slice(&[part(0) | 0x80, part(7) | 0x80, part(14) | 0x80, part(21)]),
    }
}
