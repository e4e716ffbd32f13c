//! The exact size of a PUBLISH on the wire, computed before it is encoded.

use super::message::{Filter, Message, Properties, QoS};

/// The size of the PUBLISH packet that carries this message.
pub(super) fn publish(message: &Message) -> usize {
    let identifier = match message.qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce => 2,
    };
    let properties = properties(&message.properties);
    let remaining =
        2 + message.topic.len() + identifier + varint(properties) + properties + message.payload.len();
    1 + varint(remaining) + remaining
}

/// The size of the SUBSCRIBE packet for this filter, with its identifier.
pub(super) fn subscribe(filter: &Filter) -> usize {
    let remaining = 2 + 1 + 5 + 3 + filter.filter.len();
    1 + varint(remaining) + remaining
}

fn properties(properties: &Properties) -> usize {
    let text = |text: &String| 3 + text.len();
    let mut size = 0;
    size += if properties.utf8_payload { 2 } else { 0 };
    size += if properties.expiry.is_some() { 5 } else { 0 };
    size += properties.response_topic.as_ref().map_or(0, text);
    size += properties.correlation_data.as_ref().map_or(0, |data| 3 + data.len());
    size += properties.content_type.as_ref().map_or(0, text);
    size += properties.user.iter().map(|(key, value)| 5 + key.len() + value.len()).sum::<usize>();
    size
}

/// How many bytes MQTT's variable byte integer takes.
fn varint(value: usize) -> usize {
    match value {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #[test]
        fn the_size_is_the_encoders(
            topic in "[a-z/]{1,300}",
            payload in prop_oneof![0..300usize, 16_000..17_000usize, Just(2_097_152usize)],
            at_least_once: bool,
            response in proptest::option::of("[a-z/]{1,200}"),
            content in proptest::option::of("[a-z/]{1,20}"),
            correlation in proptest::option::of(0..100usize),
            utf8: bool,
            expiry: bool,
            user in proptest::collection::vec(("[a-z]{0,40}", "[a-zä]{0,40}"), 0..8),
        ) {
            let mut message = Message::new(topic, vec![0; payload]);
            message.qos = if at_least_once { QoS::AtLeastOnce } else { QoS::AtMostOnce };
            message.properties = Properties {
                response_topic: response,
                correlation_data: correlation.map(|length| vec![0; length].into()),
                content_type: content,
                utf8_payload: utf8,
                expiry: expiry.then_some(Duration::from_secs(1)),
                user,
            };
            let mut out = bytes::BytesMut::new();
            let packet = u16::from(at_least_once);
            crate::link::codec::encode::publish(&mut out, &message, packet, false, message.properties.expiry);
            prop_assert_eq!(publish(&message), out.len());
        }
    }
}
