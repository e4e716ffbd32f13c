//! Between our types and the client library's.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::Transport;
use rumqttc::v5::mqttbytes::QoS as WireQoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode, LastWill, LastWillProperties, PubAckReason, PublishProperties, SubscribeReasonCode,
};
use rumqttc::v5::{ConnectionError, MqttOptions};

use super::error::{ConnectError, PublishError, SubscribeError};
use super::message::{Message, Properties, Published};
use super::options::{LinkOptions, Will};
use super::url::{BrokerUrl, Scheme};

/// The shortest keep-alive that the client library takes.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The client library's options, and the broker's host and port for messages.
pub(super) fn options(options: &LinkOptions) -> Result<(MqttOptions, String), ConnectError> {
    let url = BrokerUrl::parse(&options.url)?;
    let web = matches!(url.scheme, Scheme::Ws | Scheme::Wss);
    let host = if web { url.address.clone() } else { url.host.clone() };
    let mut mqtt = MqttOptions::new(&options.client_id, host, url.port);
    if let Some(transport) = transport(options, url.scheme)? {
        mqtt.set_transport(transport);
    }
    if options.keep_alive < SHORTEST_KEEP_ALIVE || options.keep_alive > Duration::from_secs(u16::MAX.into()) {
        return Err(ConnectError::InvalidSetting(format!(
            "a keep-alive of {:?} is not between 5 s and 65,535 s; give one that is",
            options.keep_alive
        )));
    }
    if options.max_packet_size < 1024 {
        return Err(ConnectError::InvalidSetting(format!(
            "a largest packet of {} bytes is too small for a card; give at least 1024",
            options.max_packet_size
        )));
    }
    mqtt.set_keep_alive(options.keep_alive);
    // SUB-8: the session outlives the connection, and is resumed by the next.
    mqtt.set_clean_start(false);
    mqtt.set_session_expiry_interval(Some(seconds(options.session_expiry)));
    mqtt.set_receive_maximum(Some(options.receive_maximum.max(1)));
    mqtt.set_max_packet_size(Some(options.max_packet_size));
    // One more than we use: a full window would hold back subscriptions and acknowledgements as well.
    mqtt.set_outgoing_inflight_upper_limit(options.window.saturating_add(1));
    mqtt.set_pending_throttle(Duration::ZERO);
    mqtt.set_manual_acks(true);
    mqtt.set_connection_timeout(10);
    if let Some(credentials) = options.credentials.as_ref().or(url.credentials.as_ref()) {
        mqtt.set_credentials(&credentials.user, &credentials.password);
    }
    if let Some(will) = &options.will {
        mqtt.set_last_will(last_will(will));
    }
    Ok((mqtt, format!("{}:{}", url.host, url.port)))
}

fn transport(options: &LinkOptions, scheme: Scheme) -> Result<Option<Transport>, ConnectError> {
    #[cfg(feature = "tls")]
    let tls = || Ok::<_, ConnectError>(rumqttc::TlsConfiguration::Rustls(options.tls.clone().unwrap_or_default().config()?));
    #[cfg(not(feature = "tls"))]
    let _ = options;
    Ok(match scheme {
        Scheme::Mqtt => None,
        #[cfg(feature = "tls")]
        Scheme::Mqtts => Some(Transport::Tls(tls()?)),
        #[cfg(feature = "websocket")]
        Scheme::Ws => Some(Transport::Ws),
        #[cfg(all(feature = "tls", feature = "websocket"))]
        Scheme::Wss => Some(Transport::Wss(tls()?)),
        // Refused with the URL when the feature is off.
        #[cfg(not(all(feature = "tls", feature = "websocket")))]
        _ => None,
    })
}

fn last_will(will: &Will) -> LastWill {
    let Will { message, delay } = will;
    let properties = LastWillProperties {
        delay_interval: Some(seconds(*delay)),
        payload_format_indicator: message.properties.utf8.then_some(1),
        message_expiry_interval: None,
        content_type: message.properties.content_type.map(str::to_owned),
        response_topic: None,
        correlation_data: None,
        user_properties: Vec::new(),
    };
    LastWill {
        topic: message.topic.clone().into(),
        message: message.payload.clone(),
        qos: WireQoS::AtLeastOnce,
        retain: message.retain,
        properties: Some(properties),
    }
}

/// Whole seconds, rounded up: an interval that is cut short would expire before its time.
pub(super) fn seconds(interval: Duration) -> u32 {
    let up = u64::from(interval.subsec_nanos() > 0);
    u32::try_from(interval.as_secs().saturating_add(up)).unwrap_or(u32::MAX)
}

pub(super) fn to_wire(properties: Properties) -> PublishProperties {
    PublishProperties {
        payload_format_indicator: properties.utf8.then_some(1),
        message_expiry_interval: properties.expiry.map(seconds),
        topic_alias: None,
        response_topic: properties.response_topic,
        correlation_data: properties.correlation_data,
        user_properties: properties.user,
        subscription_identifiers: Vec::new(),
        content_type: properties.content_type.map(str::to_owned),
    }
}

pub(super) fn from_wire(properties: Option<PublishProperties>) -> Properties {
    let Some(mut properties) = properties else { return Properties::default() };
    // What brokers add for themselves says nothing that a peer said.
    properties.user_properties.retain(|(name, _)| !name.starts_with("x-mqtt-"));
    Properties {
        response_topic: properties.response_topic,
        correlation_data: properties.correlation_data,
        content_type: None,
        utf8: properties.payload_format_indicator == Some(1),
        expiry: properties.message_expiry_interval.map(|seconds| Duration::from_secs(seconds.into())),
        user: properties.user_properties,
    }
}

pub(super) fn published(topic: &str, reason: PubAckReason) -> Result<Published, PublishError> {
    let topic = || topic.to_owned();
    match reason {
        PubAckReason::Success => Ok(Published { no_subscribers: false }),
        PubAckReason::NoMatchingSubscribers => Ok(Published { no_subscribers: true }),
        PubAckReason::NotAuthorized => Err(PublishError::Denied { topic: topic() }),
        other => Err(PublishError::Rejected { topic: topic(), reason: format!("{other:?}") }),
    }
}

pub(super) fn subscribed(filter: &str, code: SubscribeReasonCode) -> Result<(), SubscribeError> {
    let filter = || filter.to_owned();
    match code {
        SubscribeReasonCode::Success(_) => Ok(()),
        SubscribeReasonCode::NotAuthorized => Err(SubscribeError::Denied { filter: filter() }),
        other => Err(SubscribeError::Rejected { filter: filter(), reason: format!("{other:?}") }),
    }
}

/// Errors that another try will not mend; `None` for those that may pass.
pub(super) fn lasting(error: &ConnectionError) -> Option<ConnectError> {
    use ConnectReturnCode as Code;
    match error {
        ConnectionError::ConnectionRefused(code) => match code {
            Code::BadUserNamePassword | Code::BadAuthenticationMethod => Some(ConnectError::Credentials),
            Code::NotAuthorized | Code::Banned => Some(ConnectError::NotAuthorized),
            Code::ServerUnavailable
            | Code::ServiceUnavailable
            | Code::ServerBusy
            | Code::QuotaExceeded
            | Code::ConnectionRateExceeded => None,
            other => Some(ConnectError::Refused { reason: format!("{other:?}") }),
        },
        #[cfg(feature = "tls")]
        ConnectionError::Tls(error) => match error {
            rumqttc::TlsError::Io(error) if !matches!(error.kind(), std::io::ErrorKind::InvalidData) => None,
            error => Some(ConnectError::Tls(error.to_string())),
        },
        _ => None,
    }
}

/// The topic of a message that came in; `None` where it is no UTF-8.
pub(super) fn topic(bytes: &[u8]) -> Option<Arc<str>> {
    std::str::from_utf8(bytes).ok().map(Arc::from)
}

/// A message in the client library's terms, for its size.
pub(super) fn size(message: &Message) -> usize {
    let properties = Some(to_wire(message.properties.clone()));
    let publish = rumqttc::v5::mqttbytes::v5::Publish {
        dup: false,
        qos: WireQoS::AtLeastOnce,
        retain: message.retain,
        topic: bytes::Bytes::new(),
        pkid: 1,
        payload: message.payload.clone(),
        properties,
    };
    // The length field has at most four bytes; a topic that pushes it over is counted as if it did.
    publish.size() + message.topic.len() + 3
}
