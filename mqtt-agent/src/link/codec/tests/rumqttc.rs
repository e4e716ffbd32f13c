//! rumqttc's codec as the oracle, where it conforms to MQTT 5.

use ::rumqttc::v5::mqttbytes::QoS as TheirQoS;
use ::rumqttc::v5::mqttbytes::v5 as theirs;

use super::*;

fn their_qos(qos: QoS) -> TheirQoS {
    match qos {
        QoS::AtMostOnce => TheirQoS::AtMostOnce,
        QoS::AtLeastOnce => TheirQoS::AtLeastOnce,
    }
}

fn seconds(duration: Option<Duration>) -> Option<u32> {
    duration.map(|duration| duration.as_secs().try_into().unwrap())
}

/// The message as theirs.
pub(super) fn publish(message: &Message, packet: u16, dup: bool, identifiers: &[u32]) -> theirs::Publish {
    let properties = &message.properties;
    let properties = theirs::PublishProperties {
        payload_format_indicator: properties.utf8_payload.then_some(1),
        message_expiry_interval: seconds(properties.expiry),
        topic_alias: None,
        response_topic: properties.response_topic.clone(),
        correlation_data: properties.correlation_data.clone(),
        user_properties: properties.user.clone(),
        subscription_identifiers: identifiers.iter().map(|&identifier| identifier as usize).collect(),
        content_type: properties.content_type.clone(),
    };
    let mut publish = theirs::Publish::new(
        &*message.topic,
        their_qos(message.qos),
        message.payload.clone(),
        Some(properties),
    );
    publish.retain = message.retain;
    publish.dup = dup && message.qos == QoS::AtLeastOnce;
    publish.pkid = if message.qos == QoS::AtLeastOnce { packet } else { 0 };
    publish
}

fn will_of(will: &Will) -> theirs::LastWill {
    let message = &will.message;
    let properties = &message.properties;
    let properties = theirs::LastWillProperties {
        delay_interval: (!will.delay.is_zero()).then_some(will.delay.as_secs().try_into().unwrap()),
        payload_format_indicator: properties.utf8_payload.then_some(1),
        message_expiry_interval: seconds(properties.expiry),
        content_type: properties.content_type.clone(),
        response_topic: properties.response_topic.clone(),
        correlation_data: properties.correlation_data.clone(),
        user_properties: properties.user.clone(),
    };
    let mut theirs = theirs::LastWill::new(
        &*message.topic,
        message.payload.to_vec(),
        their_qos(message.qos),
        message.retain,
        Some(properties.clone()),
    );
    // It reads none where the list is empty.
    if properties == nothing() {
        theirs.properties = None;
    }
    theirs
}

fn nothing() -> theirs::LastWillProperties {
    theirs::LastWillProperties {
        delay_interval: None,
        payload_format_indicator: None,
        message_expiry_interval: None,
        content_type: None,
        response_topic: None,
        correlation_data: None,
        user_properties: Vec::new(),
    }
}

/// What it reads in our bytes, which are one packet.
fn read_by_them(mut bytes: BytesMut) -> theirs::Packet {
    let packet = theirs::Packet::read(&mut bytes, None).unwrap();
    assert!(bytes.is_empty());
    packet
}

fn written_by_them(packet: theirs::Packet) -> BytesMut {
    written(|out| {
        packet.write(out, None).unwrap();
    })
}

/// The reason that it takes this code for.
fn connect_reason(code: u8) -> theirs::ConnectReturnCode {
    match read_by_them(BytesMut::from(&[0x20, 3, 0, code, 0][..])) {
        theirs::Packet::ConnAck(connack) => connack.code,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn it_reads_our_publish(message in message(), packet in 1..=u16::MAX, dup: bool) {
        let bytes = written(|out| encode::publish(out, &message, packet, dup, message.properties.expiry));
        let mut publish = publish(&message, packet, dup, &[]);
        if publish.properties == Some(theirs::PublishProperties::default()) {
            publish.properties = None;
        }
        prop_assert_eq!(read_by_them(bytes), theirs::Packet::Publish(publish));
    }

    #[test]
    fn we_read_its_publish(
        message in message(), packet in 1..=u16::MAX, dup: bool, identifiers in identifiers(),
    ) {
        let bytes = written_by_them(theirs::Packet::Publish(publish(&message, packet, dup, &identifiers)));
        prop_assert_eq!(read(&bytes), expected(&message, packet, dup, &identifiers));
    }

    #[test]
    fn it_reads_our_connect(values in values(), will in will(), login in login()) {
        let bytes = written(|out| encode::connect(out, &connect(&values, will.as_ref(), login.as_ref())));
        let (client_id, clean_start, keep_alive, session_expiry, receive_maximum, size) = values;
        let properties = theirs::ConnectProperties {
            session_expiry_interval: Some(session_expiry),
            receive_maximum: Some(receive_maximum),
            max_packet_size: Some(size),
            ..theirs::ConnectProperties::new()
        };
        let properties = Some(properties);
        let connect = theirs::Connect { keep_alive, client_id, clean_start, properties };
        let login = login.map(|(username, password)| theirs::Login::new(username, password));
        let expected = theirs::Packet::Connect(connect, will.as_ref().map(will_of), login);
        prop_assert_eq!(read_by_them(bytes), expected);
    }

    #[test]
    fn it_reads_our_subscribe(
        filter in filter(), packet in 1..=u16::MAX, identifier in proptest::option::of(1..=268_435_455u32),
    ) {
        let bytes = written(|out| encode::subscribe(out, packet, &filter, identifier));
        let mut theirs = theirs::Filter::new(filter.filter, their_qos(filter.qos));
        theirs.retain_forward_rule = match filter.retain_handling {
            RetainHandling::Send => theirs::RetainForwardRule::OnEverySubscribe,
            RetainHandling::SendIfNew => theirs::RetainForwardRule::OnNewSubscribe,
            RetainHandling::DoNotSend => theirs::RetainForwardRule::Never,
        };
        let properties = identifier.map(|identifier| theirs::SubscribeProperties {
            id: Some(identifier as usize),
            user_properties: Vec::new(),
        });
        let mut subscribe = theirs::Subscribe::new(theirs, properties);
        subscribe.pkid = packet;
        prop_assert_eq!(read_by_them(bytes), theirs::Packet::Subscribe(subscribe));
    }

    #[test]
    fn it_reads_our_unsubscribe(filter in topic(), packet in 1..=u16::MAX) {
        let bytes = written(|out| encode::unsubscribe(out, packet, &filter));
        let mut unsubscribe = theirs::Unsubscribe::new(filter, None);
        unsubscribe.pkid = packet;
        prop_assert_eq!(read_by_them(bytes), theirs::Packet::Unsubscribe(unsubscribe));
    }

    #[test]
    fn it_reads_our_puback(packet in 1..=u16::MAX, refused: bool) {
        let code = if refused { 0x87 } else { 0 };
        let bytes = written(|out| encode::puback(out, packet, code));
        let mut puback = theirs::PubAck::new(packet, None);
        if refused {
            puback.reason = theirs::PubAckReason::NotAuthorized;
        }
        prop_assert_eq!(read_by_them(bytes), theirs::Packet::PubAck(puback));
    }

    #[test]
    fn we_read_its_connack(connack in connack(), user in user(), information: bool) {
        let bytes = written_by_them(theirs::Packet::ConnAck(theirs::ConnAck {
            session_present: connack.session_present,
            code: connect_reason(connack.reason),
            properties: Some(theirs::ConnAckProperties {
                session_expiry_interval: connack.session_expiry,
                receive_max: Some(connack.receive_maximum),
                max_qos: Some(u8::from(connack.maximum_qos == QoS::AtLeastOnce)),
                retain_available: Some(connack.retain_available.into()),
                max_packet_size: connack.maximum_packet_size,
                assigned_client_identifier: connack.assigned_client_id.clone(),
                topic_alias_max: Some(connack.topic_alias_maximum),
                reason_string: connack.reason_string.clone(),
                user_properties: user,
                wildcard_subscription_available: Some(connack.wildcard_available.into()),
                subscription_identifiers_available: Some(connack.identifiers_available.into()),
                shared_subscription_available: Some(connack.shared_available.into()),
                server_keep_alive: connack.server_keep_alive,
                response_information: information.then(|| "answers".to_owned()),
                server_reference: connack.server_reference.clone(),
                authentication_method: information.then(|| "none".to_owned()),
                authentication_data: information.then(|| Bytes::from_static(&[0, 1])),
            }),
        }));
        prop_assert_eq!(read(&bytes), Packet::ConnAck(Box::new(connack)));
    }

    #[test]
    fn we_read_its_answers(
        packet in 1..=u16::MAX, reason_string in proptest::option::of(text()), user in user(),
    ) {
        let properties = theirs::PubAckProperties {
            reason_string: reason_string.clone(),
            user_properties: user.clone(),
        };
        let mut puback = theirs::PubAck::new(packet, Some(properties));
        puback.reason = theirs::PubAckReason::NoMatchingSubscribers;
        let ours = PubAck { packet, reason: 0x10, reason_string: reason_string.clone() };
        prop_assert_eq!(read(&written_by_them(theirs::Packet::PubAck(puback))), Packet::PubAck(ours));

        let suback = theirs::SubAck {
            pkid: packet,
            return_codes: vec![
                theirs::SubscribeReasonCode::Success(TheirQoS::AtLeastOnce),
                theirs::SubscribeReasonCode::QuotaExceeded,
            ],
            properties: Some(theirs::SubAckProperties {
                reason_string: reason_string.clone(),
                user_properties: user.clone(),
            }),
        };
        let ours = SubAck { packet, reasons: vec![1, 0x97], reason_string: reason_string.clone() };
        prop_assert_eq!(read(&written_by_them(theirs::Packet::SubAck(suback))), Packet::SubAck(ours));

        let unsuback = theirs::UnsubAck {
            pkid: packet,
            reasons: vec![theirs::UnsubAckReason::NoSubscriptionExisted],
            properties: Some(theirs::UnsubAckProperties {
                reason_string: reason_string.clone(),
                user_properties: user.clone(),
            }),
        };
        let ours = UnsubAck { packet };
        prop_assert_eq!(read(&written_by_them(theirs::Packet::UnsubAck(unsuback))), Packet::UnsubAck(ours));

        let disconnect = theirs::Disconnect {
            reason_code: theirs::DisconnectReasonCode::SessionTakenOver,
            properties: Some(theirs::DisconnectProperties {
                session_expiry_interval: None,
                reason_string: reason_string.clone(),
                user_properties: user,
                server_reference: Some("elsewhere".to_owned()),
            }),
        };
        let ours =
            Disconnect { reason: 0x8e, reason_string, server_reference: Some("elsewhere".to_owned()) };
        prop_assert_eq!(
            read(&written_by_them(theirs::Packet::Disconnect(disconnect))),
            Packet::Disconnect(ours)
        );
    }
}

#[test]
fn pings_are_theirs() {
    assert_eq!(read_by_them(written(encode::pingreq)), theirs::Packet::PingReq(theirs::PingReq));
    assert_eq!(read(&written_by_them(theirs::Packet::PingResp(theirs::PingResp))), Packet::PingResp);
}
