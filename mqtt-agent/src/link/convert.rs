//! Between our messages and rumqttc's packets.

use std::time::Duration;

use bytes::{Buf, Bytes};
use rumqttc::v5::mqttbytes::QoS as ClientQoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode, LastWill, LastWillProperties, PubAckReason, Publish, PublishProperties,
    SubscribeReasonCode,
};

use super::error::{PublishError, SubscribeError};
use super::message::{Message, Properties, QoS};
use super::options::Will;

/// Prefix of the user properties that the embedded broker adds about the sender. They are the broker's, so they
/// would turn up beside a peer's own ones and differ from broker to broker.
const BROKERS_OWN: &str = "x-mqtt-";

pub(super) fn qos(qos: QoS) -> ClientQoS {
    match qos {
        QoS::AtMostOnce => ClientQoS::AtMostOnce,
        QoS::AtLeastOnce => ClientQoS::AtLeastOnce,
    }
}

/// Whole seconds, rounded up: a message must not expire at the broker before it does here.
pub(super) fn seconds(duration: Duration) -> u32 {
    let whole = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    u32::try_from(whole).unwrap_or(u32::MAX)
}

/// The properties to publish with, `expiry` being what is left of it.
pub(super) fn publish_properties(message: &Message, expiry: Option<Duration>) -> PublishProperties {
    let properties = &message.properties;
    PublishProperties {
        payload_format_indicator: properties.utf8_payload.then_some(1),
        message_expiry_interval: expiry.map(seconds),
        topic_alias: None,
        response_topic: properties.response_topic.clone(),
        correlation_data: properties.correlation_data.clone(),
        user_properties: properties.user.clone(),
        subscription_identifiers: Vec::new(),
        content_type: properties.content_type.clone(),
    }
}

/// A publish that is sent again in a session that goes on: same packet id, and marked as a repetition.
pub(super) fn repetition(message: &Message, packet: u16, expiry: Option<Duration>) -> Publish {
    let properties = Some(publish_properties(message, expiry));
    let mut publish = Publish::new(&*message.topic, qos(message.qos), message.payload.clone(), properties);
    publish.retain = message.retain;
    publish.pkid = packet;
    publish.dup = true;
    publish
}

/// A received message in our terms.
pub(super) struct Received {
    pub(super) payload: Bytes,
    pub(super) properties: Properties,
    /// The identifiers of the subscriptions it was sent for.
    pub(super) identifiers: Vec<usize>,
}

pub(super) fn received(mut payload: Bytes, properties: Option<PublishProperties>) -> Received {
    let Some(mut received) = properties else {
        return Received { payload, properties: Properties::default(), identifiers: Vec::new() };
    };
    let identifiers = received.subscription_identifiers;
    // The client library counts a byte too many for each identifier, so that after two it takes a last property of
    // two bytes for the payload's beginning. Only the format indicator is that short, and only UTF-8 can follow it.
    if identifiers.len() > 1
        && received.payload_format_indicator.is_none()
        && let Some(text) = payload.strip_prefix(&[1, 1])
        && std::str::from_utf8(text).is_ok()
    {
        received.payload_format_indicator = Some(1);
        payload.advance(2);
    }
    let mut user = received.user_properties;
    user.retain(|(key, _)| !key.starts_with(BROKERS_OWN));
    let properties = Properties {
        response_topic: received.response_topic,
        correlation_data: received.correlation_data,
        content_type: received.content_type,
        utf8_payload: received.payload_format_indicator == Some(1),
        expiry: received.message_expiry_interval.map(|seconds| Duration::from_secs(seconds.into())),
        user,
    };
    Received { payload, properties, identifiers }
}

pub(super) fn will(will: &Will) -> LastWill {
    let message = &will.message;
    let properties = publish_properties(message, message.properties.expiry);
    let properties = LastWillProperties {
        delay_interval: (!will.delay.is_zero()).then(|| seconds(will.delay)),
        payload_format_indicator: properties.payload_format_indicator,
        message_expiry_interval: properties.message_expiry_interval,
        content_type: properties.content_type,
        response_topic: properties.response_topic,
        correlation_data: properties.correlation_data,
        user_properties: properties.user_properties,
    };
    LastWill::new(
        &*message.topic,
        message.payload.to_vec(),
        qos(message.qos),
        message.retain,
        Some(properties),
    )
}

/// A PUBACK's verdict: whether somebody was subscribed, or why it was refused.
pub(super) fn verdict(topic: &str, reason: PubAckReason) -> Result<bool, PublishError> {
    let rejected = |code, name| Err(PublishError::Rejected { topic: topic.to_owned(), code, name });
    match reason {
        PubAckReason::Success => Ok(true),
        PubAckReason::NoMatchingSubscribers => Ok(false),
        PubAckReason::NotAuthorized => Err(PublishError::Denied { topic: topic.to_owned() }),
        PubAckReason::UnspecifiedError => rejected(0x80, "unspecified error"),
        PubAckReason::ImplementationSpecificError => rejected(0x83, "implementation specific error"),
        PubAckReason::TopicNameInvalid => rejected(0x90, "topic name invalid"),
        PubAckReason::PacketIdentifierInUse => rejected(0x91, "packet identifier in use"),
        PubAckReason::QuotaExceeded => rejected(0x97, "quota exceeded"),
        PubAckReason::PayloadFormatInvalid => rejected(0x99, "payload format invalid"),
    }
}

/// A SUBACK's verdict on one filter.
pub(super) fn granted(filter: &str, code: Option<SubscribeReasonCode>) -> Result<(), SubscribeError> {
    let rejected = |code, name| Err(SubscribeError::Rejected { filter: filter.to_owned(), code, name });
    match code {
        Some(SubscribeReasonCode::Success(_)) => Ok(()),
        Some(SubscribeReasonCode::NotAuthorized) => Err(SubscribeError::Denied { filter: filter.to_owned() }),
        Some(SubscribeReasonCode::ImplementationSpecific) => rejected(0x83, "implementation specific error"),
        Some(SubscribeReasonCode::TopicFilterInvalid) => rejected(0x8f, "topic filter invalid"),
        Some(SubscribeReasonCode::PkidInUse) => rejected(0x91, "packet identifier in use"),
        Some(SubscribeReasonCode::QuotaExceeded) => rejected(0x97, "quota exceeded"),
        Some(SubscribeReasonCode::SharedSubscriptionsNotSupported) => {
            rejected(0x9e, "shared subscriptions not supported")
        }
        Some(SubscribeReasonCode::SubscriptionIdNotSupported) => {
            rejected(0xa1, "subscription identifiers not supported")
        }
        Some(SubscribeReasonCode::WildcardSubscriptionsNotSupported) => {
            rejected(0xa2, "wildcard subscriptions not supported")
        }
        Some(SubscribeReasonCode::Failure | SubscribeReasonCode::Unspecified) | None => {
            rejected(0x80, "unspecified error")
        }
    }
}

/// Code and name of a refused connection.
pub(super) fn refusal(code: ConnectReturnCode) -> (u8, &'static str) {
    use ConnectReturnCode as Code;
    match code {
        Code::Success => (0x00, "success"),
        Code::RefusedProtocolVersion => (0x01, "unacceptable protocol version"),
        Code::BadClientId => (0x02, "client identifier rejected"),
        Code::ServiceUnavailable => (0x03, "service unavailable"),
        Code::UnspecifiedError => (0x80, "unspecified error"),
        Code::MalformedPacket => (0x81, "malformed packet"),
        Code::ProtocolError => (0x82, "protocol error"),
        Code::ImplementationSpecificError => (0x83, "implementation specific error"),
        Code::UnsupportedProtocolVersion => (0x84, "unsupported protocol version"),
        Code::ClientIdentifierNotValid => (0x85, "client identifier not valid"),
        Code::BadUserNamePassword => (0x86, "bad user name or password"),
        Code::NotAuthorized => (0x87, "not authorized"),
        Code::ServerUnavailable => (0x88, "server unavailable"),
        Code::ServerBusy => (0x89, "server busy"),
        Code::Banned => (0x8a, "banned"),
        Code::BadAuthenticationMethod => (0x8c, "bad authentication method"),
        Code::TopicNameInvalid => (0x90, "topic name invalid"),
        Code::PacketTooLarge => (0x95, "packet too large"),
        Code::QuotaExceeded => (0x97, "quota exceeded"),
        Code::PayloadFormatInvalid => (0x99, "payload format invalid"),
        Code::RetainNotSupported => (0x9a, "retain not supported"),
        Code::QoSNotSupported => (0x9b, "qos not supported"),
        Code::UseAnotherServer => (0x9c, "use another server"),
        Code::ServerMoved => (0x9d, "server moved"),
        Code::ConnectionRateExceeded => (0x9f, "connection rate exceeded"),
    }
}

#[cfg(test)]
pub(super) fn encoded_size(message: &Message) -> usize {
    let mut publish = repetition(message, 1, message.properties.expiry);
    if message.qos == QoS::AtMostOnce {
        publish.pkid = 0;
    }
    let mut buffer = bytes::BytesMut::new();
    publish.write(&mut buffer).expect("a valid publish");
    buffer.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use rumqttc::v5::mqttbytes::v5::Packet;

    #[test]
    fn expiry_is_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
        assert_eq!(seconds(Duration::from_millis(2001)), 3);
        assert_eq!(seconds(Duration::MAX), u32::MAX);
    }

    #[test]
    fn the_brokers_own_user_properties_are_left_out() {
        let properties = PublishProperties {
            user_properties: vec![
                ("a".into(), "1".into()),
                ("x-mqtt-client-id".into(), "me".into()),
                ("a".into(), "2".into()),
            ],
            ..PublishProperties::default()
        };
        let ours = received(Bytes::new(), Some(properties));
        assert_eq!(ours.properties.user, [("a".into(), "1".into()), ("a".into(), "2".into())]);
    }

    /// What the client library makes of a PUBLISH as a broker may write it: identifiers first, the format indicator last.
    fn through_the_client_library(identifiers: usize, payload: &str) -> Received {
        let mut body = vec![0, 1, b't'];
        let mut properties = Vec::new();
        for _ in 0..identifiers {
            properties.extend([0x0b, 0x80, 0x80, 0x80, 0x01]);
        }
        properties.extend([1, 1]);
        body.push(u8::try_from(properties.len()).unwrap());
        body.extend(properties);
        body.extend(payload.as_bytes());
        let mut packet = vec![0x30, u8::try_from(body.len()).unwrap()];
        packet.extend(body);
        match Packet::read(&mut packet.as_slice().into(), None).unwrap() {
            Packet::Publish(publish) => received(publish.payload, publish.properties),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn several_identifiers_leave_the_payload_whole() {
        for identifiers in 0..6 {
            let received = through_the_client_library(identifiers, "{}");
            assert_eq!(received.identifiers.len(), identifiers);
            assert_eq!(received.payload, "{}", "{identifiers} identifiers");
            assert!(received.properties.utf8_payload);
        }
    }
}
