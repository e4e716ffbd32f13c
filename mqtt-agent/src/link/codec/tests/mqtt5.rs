//! mqtt5's codec as the oracle; the embedded broker speaks it.

use ::mqtt5::packet::{
    FixedHeader, MqttPacket, Packet as Theirs, connack::ConnAckPacket, disconnect::DisconnectPacket,
    puback::PubAckPacket, publish::PublishPacket, suback::SubAckPacket, suback::SubAckReasonCode,
    subscribe_options::SubscriptionOptions, unsuback::UnsubAckPacket,
};
use ::mqtt5::protocol::v5::properties::{Properties as TheirProperties, PropertyId, PropertyValue};
use ::mqtt5::protocol::v5::reason_codes::ReasonCode;

use super::*;

fn their_qos(qos: QoS) -> ::mqtt5::QoS {
    match qos {
        QoS::AtMostOnce => ::mqtt5::QoS::AtMostOnce,
        QoS::AtLeastOnce => ::mqtt5::QoS::AtLeastOnce,
    }
}

fn read_by_them(bytes: &[u8]) -> Theirs {
    let mut rest = bytes;
    let header = FixedHeader::decode(&mut rest).unwrap();
    assert_eq!(rest.len(), header.remaining_length as usize);
    let packet = Theirs::decode_from_body(header.packet_type, &header, &mut rest).unwrap();
    assert!(rest.is_empty());
    packet
}

fn written_by_them(packet: &impl MqttPacket) -> BytesMut {
    written(|out| packet.encode(out).unwrap())
}

fn text_of(properties: &TheirProperties, id: PropertyId) -> Option<String> {
    properties.get(id).map(|value| match value {
        PropertyValue::Utf8String(text) => text.clone(),
        other => panic!("{other:?}"),
    })
}

/// A message's properties, as it read them.
fn ours(properties: &TheirProperties) -> Properties {
    Properties {
        response_topic: text_of(properties, PropertyId::ResponseTopic),
        correlation_data: properties.get(PropertyId::CorrelationData).map(|value| match value {
            PropertyValue::BinaryData(data) => data.clone(),
            other => panic!("{other:?}"),
        }),
        content_type: text_of(properties, PropertyId::ContentType),
        utf8_payload: matches!(
            properties.get(PropertyId::PayloadFormatIndicator),
            Some(PropertyValue::Byte(1))
        ),
        expiry: properties.get_message_expiry_interval().map(|seconds| Duration::from_secs(seconds.into())),
        user: properties
            .get_all(PropertyId::UserProperty)
            .unwrap_or_default()
            .iter()
            .map(|value| match value {
                PropertyValue::Utf8StringPair(key, value) => (key.clone(), value.clone()),
                other => panic!("{other:?}"),
            })
            .collect(),
    }
}

fn publish(message: &Message, packet: u16, dup: bool, identifiers: &[u32]) -> PublishPacket {
    let mut publish = PublishPacket::new(&*message.topic, message.payload.clone(), their_qos(message.qos))
        .with_packet_id(packet)
        .with_retain(message.retain)
        .with_dup(dup && message.qos == QoS::AtLeastOnce);
    let (properties, theirs) = (&message.properties, &mut publish.properties);
    // In the order of the standard's table turned round, so that no order is taken for granted.
    identifiers.iter().for_each(|&identifier| theirs.set_subscription_identifier(identifier));
    for (key, value) in &properties.user {
        theirs.add_user_property(key.clone(), value.clone());
    }
    if let Some(data) = &properties.correlation_data {
        theirs.set_correlation_data(data.clone());
    }
    if let Some(topic) = &properties.response_topic {
        theirs.set_response_topic(topic.clone());
    }
    if let Some(text) = &properties.content_type {
        theirs.set_content_type(text.clone());
    }
    if let Some(expiry) = properties.expiry {
        theirs.set_message_expiry_interval(expiry.as_secs().try_into().unwrap());
    }
    if properties.utf8_payload {
        theirs.set_payload_format_indicator(true);
    }
    publish
}

proptest! {
    #[test]
    fn it_reads_our_publish(message in message(), packet in 1..=u16::MAX, dup: bool) {
        let bytes = written(|out| encode::publish(out, &message, packet, dup, message.properties.expiry));
        let Theirs::Publish(theirs) = read_by_them(&bytes) else { panic!("no publish") };
        let at_least_once = message.qos == QoS::AtLeastOnce;
        prop_assert_eq!(&*theirs.topic_name, &*message.topic);
        prop_assert_eq!(theirs.packet_id, at_least_once.then_some(packet));
        prop_assert_eq!(theirs.payload, message.payload);
        prop_assert_eq!(theirs.qos, their_qos(message.qos));
        prop_assert_eq!(theirs.retain, message.retain);
        prop_assert_eq!(theirs.dup, dup && at_least_once);
        prop_assert_eq!(ours(&theirs.properties), message.properties);
    }

    #[test]
    fn we_read_its_publish(
        message in message(), packet in 1..=u16::MAX, dup: bool, identifiers in identifiers(),
    ) {
        let bytes = written_by_them(&publish(&message, packet, dup, &identifiers));
        prop_assert_eq!(read(&bytes), expected(&message, packet, dup, &identifiers));
    }

    #[test]
    fn it_reads_our_connect(values in values(), will in will(), login in login()) {
        let bytes = written(|out| encode::connect(out, &connect(&values, will.as_ref(), login.as_ref())));
        let Theirs::Connect(theirs) = read_by_them(&bytes) else { panic!("no connect") };
        prop_assert_eq!(theirs.protocol_version, 5);
        prop_assert_eq!(&theirs.client_id, &values.0);
        prop_assert_eq!(theirs.clean_start, values.1);
        prop_assert_eq!(theirs.keep_alive, values.2);
        prop_assert_eq!(theirs.properties.get_session_expiry_interval(), Some(values.3));
        prop_assert_eq!(theirs.properties.get_receive_maximum(), Some(values.4));
        prop_assert_eq!(theirs.properties.get_maximum_packet_size(), Some(values.5));
        prop_assert_eq!(theirs.properties.len(), 3);
        let login = login.map_or((None, None), |(name, password)| (Some(name), Some(password.into_bytes())));
        prop_assert_eq!((theirs.username, theirs.password), login);
        prop_assert_eq!(theirs.will.is_some(), will.is_some());
        if let (Some(theirs_will), Some(will)) = (theirs.will, will) {
            prop_assert_eq!(&*theirs_will.topic, &*will.message.topic);
            prop_assert_eq!(&theirs_will.payload, &will.message.payload);
            prop_assert_eq!(theirs_will.qos, their_qos(will.message.qos));
            prop_assert_eq!(theirs_will.retain, will.message.retain);
            let delay = match theirs.will_properties.get(PropertyId::WillDelayInterval) {
                Some(PropertyValue::FourByteInteger(delay)) => u64::from(*delay),
                None => 0,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(delay, will.delay.as_secs());
            prop_assert_eq!(ours(&theirs.will_properties), will.message.properties);
        }
    }

    #[test]
    fn it_reads_our_subscribe(
        filter in filter(), packet in 1..=u16::MAX, identifier in proptest::option::of(1..=268_435_455u32),
    ) {
        let bytes = written(|out| encode::subscribe(out, packet, &filter, identifier));
        let Theirs::Subscribe(theirs) = read_by_them(&bytes) else { panic!("no subscribe") };
        prop_assert_eq!(theirs.packet_id, packet);
        prop_assert_eq!(theirs.properties.get_subscription_identifier(), identifier);
        prop_assert_eq!(theirs.filters.len(), 1);
        prop_assert_eq!(&theirs.filters[0].filter, &filter.filter);
        use ::mqtt5::packet::subscribe_options::RetainHandling as TheirHandling;
        let options = SubscriptionOptions {
            qos: their_qos(filter.qos),
            no_local: false,
            retain_as_published: false,
            retain_handling: match filter.retain_handling {
                RetainHandling::Send => TheirHandling::SendAtSubscribe,
                RetainHandling::SendIfNew => TheirHandling::SendAtSubscribeIfNew,
                RetainHandling::DoNotSend => TheirHandling::DoNotSend,
            },
        };
        prop_assert_eq!(theirs.filters[0].options.encode(), options.encode());
    }

    #[test]
    fn it_reads_our_unsubscribe(filter in topic(), packet in 1..=u16::MAX) {
        let bytes = written(|out| encode::unsubscribe(out, packet, &filter));
        let Theirs::Unsubscribe(theirs) = read_by_them(&bytes) else { panic!("no unsubscribe") };
        prop_assert_eq!(theirs.packet_id, packet);
        prop_assert_eq!(theirs.filters, [filter]);
    }

    #[test]
    fn it_reads_our_answers(packet in 1..=u16::MAX, code in proptest::sample::select(vec![0u8, 0x80, 0x87, 0x97])) {
        let bytes = written(|out| encode::puback(out, packet, code));
        let Theirs::PubAck(theirs) = read_by_them(&bytes) else { panic!("no puback") };
        prop_assert_eq!((theirs.packet_id, u8::from(theirs.reason_code)), (packet, code));
        let bytes = written(|out| encode::disconnect(out, code));
        let Theirs::Disconnect(theirs) = read_by_them(&bytes) else { panic!("no disconnect") };
        prop_assert_eq!(u8::from(theirs.reason_code), code);
    }

    #[test]
    fn we_read_its_connack(connack in connack(), user in user()) {
        let mut theirs = ConnAckPacket::new(connack.session_present, ReasonCode::from_u8(connack.reason).unwrap());
        let properties = &mut theirs.properties;
        if let Some(expiry) = connack.session_expiry {
            properties.set_session_expiry_interval(expiry);
        }
        properties.set_receive_maximum(connack.receive_maximum);
        properties.set_maximum_qos(u8::from(connack.maximum_qos == QoS::AtLeastOnce));
        properties.set_retain_available(connack.retain_available);
        if let Some(size) = connack.maximum_packet_size {
            properties.set_maximum_packet_size(size);
        }
        if let Some(id) = &connack.assigned_client_id {
            properties.set_assigned_client_identifier(id.clone());
        }
        properties.set_wildcard_subscription_available(connack.wildcard_available);
        properties.set_subscription_identifier_available(connack.identifiers_available);
        properties.set_shared_subscription_available(connack.shared_available);
        if let Some(seconds) = connack.server_keep_alive {
            properties.set_server_keep_alive(seconds);
        }
        if let Some(reason) = &connack.reason_string {
            properties.set_reason_string(reason.clone());
        }
        if let Some(reference) = &connack.server_reference {
            properties.set_server_reference(reference.clone());
        }
        properties.set_topic_alias_maximum(connack.topic_alias_maximum);
        user.into_iter().for_each(|(key, value)| properties.add_user_property(key, value));
        prop_assert_eq!(read(&written_by_them(&theirs)), Packet::ConnAck(Box::new(connack)));
    }

    #[test]
    fn we_read_its_answers(packet in 1..=u16::MAX, reason in proptest::option::of(text()), user in user()) {
        let explain = |properties: &mut TheirProperties| {
            if let Some(reason) = &reason {
                properties.set_reason_string(reason.clone());
            }
            user.iter().for_each(|(key, value)| properties.add_user_property(key.clone(), value.clone()));
        };
        let mut puback = PubAckPacket::new_with_reason(packet, ReasonCode::PacketTooLarge);
        explain(&mut puback.properties);
        let ours = PubAck { packet, reason: 0x95, reason_string: reason.clone() };
        prop_assert_eq!(read(&written_by_them(&puback)), Packet::PubAck(ours));

        let mut suback = SubAckPacket::new(packet)
            .add_reason_code(SubAckReasonCode::GrantedQoS0)
            .add_reason_code(SubAckReasonCode::NotAuthorized);
        explain(&mut suback.properties);
        let ours = SubAck { packet, reasons: vec![0, 0x87], reason_string: reason.clone() };
        prop_assert_eq!(read(&written_by_them(&suback)), Packet::SubAck(ours));

        let mut unsuback = UnsubAckPacket::new(packet).add_success();
        explain(&mut unsuback.properties);
        prop_assert_eq!(read(&written_by_them(&unsuback)), Packet::UnsubAck(UnsubAck { packet }));

        let mut disconnect = DisconnectPacket::new(ReasonCode::SessionTakenOver);
        explain(&mut disconnect.properties);
        let ours = Disconnect { reason: 0x8e, reason_string: reason.clone(), server_reference: None };
        prop_assert_eq!(read(&written_by_them(&disconnect)), Packet::Disconnect(ours));
    }
}

#[test]
fn pings_are_theirs() {
    assert!(matches!(read_by_them(&written(encode::pingreq)), Theirs::PingReq));
    assert_eq!(
        read(&written_by_them(&::mqtt5::packet::pingresp::PingRespPacket::default())),
        Packet::PingResp
    );
}
