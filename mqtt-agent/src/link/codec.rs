//! The MQTT 5 packets of a client that uses QoS 0 and 1, as bytes and as types.
//!
//! - `encode`: the client's packets, written into the buffer for the socket
//! - `decode`: the broker's packets, strict about framing and tolerant of unknown reason codes
//! - `properties`, `reader`: the parts of a received packet
//! - `reasons`: the names of reason codes
//!
//! A broker's bytes are not trusted: each function returns an error for bytes that it can't read, and its memory is
//! bounded by the packet's size and by [`MOST_PROPERTIES`].

use bytes::Bytes;

use super::message::{Properties, QoS};

mod decode;
pub(super) mod encode;
mod properties;
mod reader;
pub(super) mod reasons;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) mod tests_support {
    /// A CONNACK of a broker that can do everything.
    pub(in crate::link) fn accepting() -> super::ConnAck {
        super::ConnAck::new(false, 0)
    }
}

pub(super) use decode::decode;
pub(super) use encode::Connect;

/// How many user properties and subscription identifiers a packet may have. Each takes some 50 bytes here, and may
/// take only five bytes in the packet.
const MOST_PROPERTIES: usize = 1000;

/// What MQTT's four length bytes can say.
const MOST_REMAINING: usize = 268_435_455;

/// A property's identifier in a packet.
mod property {
    pub(super) const PAYLOAD_FORMAT: u8 = 0x01;
    pub(super) const MESSAGE_EXPIRY: u8 = 0x02;
    pub(super) const CONTENT_TYPE: u8 = 0x03;
    pub(super) const RESPONSE_TOPIC: u8 = 0x08;
    pub(super) const CORRELATION_DATA: u8 = 0x09;
    pub(super) const SUBSCRIPTION_IDENTIFIER: u8 = 0x0b;
    pub(super) const SESSION_EXPIRY: u8 = 0x11;
    pub(super) const ASSIGNED_CLIENT_ID: u8 = 0x12;
    pub(super) const SERVER_KEEP_ALIVE: u8 = 0x13;
    pub(super) const AUTHENTICATION_METHOD: u8 = 0x15;
    pub(super) const AUTHENTICATION_DATA: u8 = 0x16;
    pub(super) const WILL_DELAY: u8 = 0x18;
    pub(super) const RESPONSE_INFORMATION: u8 = 0x1a;
    pub(super) const SERVER_REFERENCE: u8 = 0x1c;
    pub(super) const REASON_STRING: u8 = 0x1f;
    pub(super) const RECEIVE_MAXIMUM: u8 = 0x21;
    pub(super) const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
    pub(super) const TOPIC_ALIAS: u8 = 0x23;
    pub(super) const MAXIMUM_QOS: u8 = 0x24;
    pub(super) const RETAIN_AVAILABLE: u8 = 0x25;
    pub(super) const USER: u8 = 0x26;
    pub(super) const MAXIMUM_PACKET_SIZE: u8 = 0x27;
    pub(super) const WILDCARD_AVAILABLE: u8 = 0x28;
    pub(super) const IDENTIFIERS_AVAILABLE: u8 = 0x29;
    pub(super) const SHARED_AVAILABLE: u8 = 0x2a;
}

/// A packet from the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
// A PUBLISH is large and the most frequent one: a box would be an allocation for each.
#[allow(clippy::large_enum_variant)]
pub(super) enum Packet {
    ConnAck(Box<ConnAck>),
    Publish(Publish),
    PubAck(PubAck),
    SubAck(SubAck),
    UnsubAck(UnsubAck),
    PingResp,
    Disconnect(Disconnect),
}

/// The answer to CONNECT: whether the broker takes the connection, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct ConnAck {
    pub(super) session_present: bool,
    /// 0, or why the connection is refused. Below 0x80 it is a 3.1.1 broker's return code.
    pub(super) reason: u8,
    /// Seconds, where the broker changed what was asked for.
    pub(super) session_expiry: Option<u32>,
    /// How many QoS 1 messages may be unacknowledged; 65,535 where the broker doesn't say.
    pub(super) receive_maximum: u16,
    pub(super) maximum_qos: QoS,
    pub(super) retain_available: bool,
    pub(super) maximum_packet_size: Option<u32>,
    pub(super) assigned_client_id: Option<String>,
    pub(super) wildcard_available: bool,
    pub(super) identifiers_available: bool,
    pub(super) shared_available: bool,
    /// Seconds, in place of those asked for.
    pub(super) server_keep_alive: Option<u16>,
    pub(super) reason_string: Option<String>,
    pub(super) server_reference: Option<String>,
    pub(super) topic_alias_maximum: u16,
}

impl ConnAck {
    /// A CONNACK whose properties are all absent.
    fn new(session_present: bool, reason: u8) -> Self {
        Self {
            session_present,
            reason,
            session_expiry: None,
            receive_maximum: u16::MAX,
            maximum_qos: QoS::AtLeastOnce,
            retain_available: true,
            maximum_packet_size: None,
            assigned_client_id: None,
            wildcard_available: true,
            identifiers_available: true,
            shared_available: true,
            server_keep_alive: None,
            reason_string: None,
            server_reference: None,
            topic_alias_maximum: 0,
        }
    }
}

/// A received message. Topic, payload and correlation data are slices of the read buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publish {
    pub(super) dup: bool,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    /// A valid topic name: UTF-8, not empty, without NUL and wildcards.
    pub(super) topic: Bytes,
    /// The packet identifier; 0 at QoS 0.
    pub(super) packet: u16,
    pub(super) payload: Bytes,
    pub(super) properties: Properties,
    pub(super) identifiers: Identifiers,
    /// Whether all strings of its properties are valid; those that aren't are left out.
    pub(super) is_valid: bool,
}

/// The identifiers of the subscriptions that a message was sent for. The first is stored inline, for there is usually
/// one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identifiers {
    /// 0 where there is none, which is no valid identifier.
    first: u32,
    more: Vec<u32>,
}

impl Identifiers {
    /// The identifiers in the packet's order.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (self.first != 0).then_some(self.first).into_iter().chain(self.more.iter().copied())
    }

    #[inline]
    fn push(&mut self, identifier: u32) {
        if self.first == 0 {
            self.first = identifier;
        } else {
            self.more.push(identifier);
        }
    }
}

#[cfg(test)]
impl FromIterator<u32> for Identifiers {
    fn from_iter<I: IntoIterator<Item = u32>>(all: I) -> Self {
        let mut identifiers = Self::default();
        all.into_iter().for_each(|identifier| identifiers.push(identifier));
        identifiers
    }
}

/// The acknowledgement of a published message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PubAck {
    pub(super) packet: u16,
    pub(super) reason: u8,
    pub(super) reason_string: Option<String>,
}

/// The answer to SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SubAck {
    pub(super) packet: u16,
    /// One for each filter, and at least one.
    pub(super) reasons: Vec<u8>,
    pub(super) reason_string: Option<String>,
}

/// The answer to UNSUBSCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnsubAck {
    pub(super) packet: u16,
}

/// The broker's reason to end the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disconnect {
    pub(super) reason: u8,
    pub(super) reason_string: Option<String>,
    pub(super) server_reference: Option<String>,
}

/// What the broker sent that MQTT 5 or this client's CONNECT doesn't allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(super) struct Malformed {
    /// The reason code for the DISCONNECT that answers it.
    pub(super) reason: u8,
    /// What is wrong, as a sentence.
    pub(super) what: &'static str,
}

impl Malformed {
    const fn new(reason: u8, what: &'static str) -> Self {
        Self { reason, what }
    }

    const fn packet(what: &'static str) -> Self {
        Self::new(reasons::MALFORMED_PACKET, what)
    }

    const fn protocol(what: &'static str) -> Self {
        Self::new(reasons::PROTOCOL_ERROR, what)
    }
}
