//! Logs the packets of the connection: at the level `trace`, under their own target, without payloads and passwords.

use super::codec::{Packet, reasons};
use super::message::{Filter, Message, QoS};
use crate::log::trace;
use crate::shown::shown;

/// What the broker sent.
pub(super) fn received(packet: &Packet) {
    match packet {
        Packet::ConnAck(ack) => {
            trace!(session_present = ack.session_present, reason = %shown(reasons::name(ack.reason)), "received CONNACK");
        }
        Packet::Publish(publish) => {
            let (size, qos) = (publish.payload.len(), u8::from(publish.qos == QoS::AtLeastOnce));
            trace!(packet = publish.packet, topic = %shown(&*String::from_utf8_lossy(&publish.topic)), qos, retain = publish.retain, again = publish.dup, size, "received PUBLISH");
        }
        Packet::PubAck(ack) => {
            trace!(packet = ack.packet, reason = %shown(reasons::name(ack.reason)), "received PUBACK");
        }
        Packet::SubAck(ack) => trace!(packet = ack.packet, reasons = ?ack.reasons, "received SUBACK"),
        Packet::UnsubAck(ack) => trace!(packet = ack.packet, "received UNSUBACK"),
        Packet::PingResp => trace!("received PINGRESP"),
        Packet::Disconnect(end) => {
            trace!(reason = %shown(reasons::name(end.reason)), "received DISCONNECT");
        }
    }
}

/// A message that goes out.
pub(super) fn publish(message: &Message, packet: u16, again: bool) {
    let (size, qos) = (message.payload.len(), u8::from(message.qos == QoS::AtLeastOnce));
    trace!(packet, topic = %shown(&*message.topic), qos, retain = message.retain, again, size, "sent PUBLISH");
}

/// A subscription that goes out.
pub(super) fn subscribe(packet: u16, filter: &Filter) {
    trace!(packet, filter = %shown(&filter.filter), "sent SUBSCRIBE");
}

/// The end of one.
pub(super) fn unsubscribe(packet: u16, filter: &str) {
    trace!(packet, filter = %shown(filter), "sent UNSUBSCRIBE");
}

/// An acknowledgement that goes out.
pub(super) fn puback(packet: u16) {
    trace!(packet, "sent PUBACK");
}
