//! Reason codes: those that this client sends, and the names of all.

pub(in crate::link) const MALFORMED_PACKET: u8 = 0x81;
pub(in crate::link) const PROTOCOL_ERROR: u8 = 0x82;
pub(in crate::link) const TOPIC_NAME_INVALID: u8 = 0x90;
pub(in crate::link) const TOPIC_ALIAS_INVALID: u8 = 0x94;
pub(in crate::link) const PACKET_TOO_LARGE: u8 = 0x95;
pub(in crate::link) const QOS_NOT_SUPPORTED: u8 = 0x9b;

/// The name of a reason code from 0x80 on, which means the same in each packet. Of those below, 0x10 is a PUBACK's,
/// and 0x01 to 0x05 are what a 3.1.1 broker answers CONNECT with; in a SUBACK 0x01 and 0x02 are the granted QoS.
pub(in crate::link) fn name(code: u8) -> &'static str {
    match code {
        0x00 => "success",
        0x01 => "unacceptable protocol version",
        0x02 => "client identifier rejected",
        0x03 => "service unavailable",
        0x04 => "bad user name or password",
        0x05 => "not authorized",
        0x10 => "no matching subscribers",
        0x11 => "no subscription existed",
        0x80 => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "implementation specific error",
        0x84 => "unsupported protocol version",
        0x85 => "client identifier not valid",
        0x86 => "bad user name or password",
        0x87 => "not authorized",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8a => "banned",
        0x8b => "server shutting down",
        0x8c => "bad authentication method",
        0x8d => "keep alive timeout",
        0x8e => "session taken over",
        0x8f => "topic filter invalid",
        0x90 => "topic name invalid",
        0x91 => "packet identifier in use",
        0x92 => "packet identifier not found",
        0x93 => "receive maximum exceeded",
        0x94 => "topic alias invalid",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format invalid",
        0x9a => "retain not supported",
        0x9b => "qos not supported",
        0x9c => "use another server",
        0x9d => "server moved",
        0x9e => "shared subscriptions not supported",
        0x9f => "connection rate exceeded",
        0xa0 => "maximum connect time",
        0xa1 => "subscription identifiers not supported",
        0xa2 => "wildcard subscriptions not supported",
        _ => "unknown reason",
    }
}
