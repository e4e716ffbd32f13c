//! Why a connection ended or was never made, and what follows from it.

use rumqttc::v5::mqttbytes::Error as CodecError;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode};
use rumqttc::v5::{ConnectionError, StateError};

use super::blame::Blame;
use super::convert;
use super::error::ConnectError;

/// The end of a connection, or of an attempt.
#[derive(Debug)]
pub(super) struct Ended {
    /// For logs and for those who watch the state.
    pub(super) text: String,
    /// What it says about the oldest unacknowledged message.
    pub(super) blame: Blame,
    /// Whether the broker ended it, as it does with a connection that another one takes over.
    pub(super) by_broker: bool,
    /// Set when an attempt failed in a way that repeating it won't heal.
    pub(super) failure: Option<ConnectError>,
}

impl Ended {
    /// The end of a connection that was made.
    pub(super) fn connection(error: &ConnectionError) -> Self {
        let by_broker = hung_up(error)
            || matches!(error, ConnectionError::MqttState(StateError::ServerDisconnect { .. }));
        Self { text: describe(error), blame: blame(error), by_broker, failure: None }
    }

    /// The end of an attempt.
    pub(super) fn attempt(error: &ConnectionError) -> Self {
        let failure = failure(error);
        let text = failure.as_ref().map_or_else(|| describe(error), ToString::to_string);
        Self { text, blame: Blame::None, by_broker: false, failure }
    }

    /// Our own doing.
    pub(super) fn ours(text: impl Into<String>) -> Self {
        Self { text: text.into(), blame: Blame::None, by_broker: false, failure: None }
    }
}

/// The client library's errors, most of which repeat the layer below in their own words.
fn describe(error: &ConnectionError) -> String {
    match error {
        ConnectionError::Io(error)
        | ConnectionError::MqttState(StateError::Deserialization(CodecError::Io(error))) => error.to_string(),
        ConnectionError::Timeout(_) => "the broker did not answer in time".to_owned(),
        ConnectionError::MqttState(StateError::ConnectionAborted) => {
            "the broker closed the connection".to_owned()
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => "the broker gave no sign of life".to_owned(),
        ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, reason_string }) => {
            match reason_string {
                Some(reason) => format!("the broker disconnected: {reason_code:?}, {reason}"),
                None => format!("the broker disconnected: {reason_code:?}"),
            }
        }
        error => error.to_string(),
    }
}

/// Whether the broker just closed. When it does so without having read everything the system says "reset".
fn hung_up(error: &ConnectionError) -> bool {
    use std::io::ErrorKind as Kind;
    match error {
        ConnectionError::MqttState(StateError::ConnectionAborted) => true,
        ConnectionError::Io(error)
        | ConnectionError::MqttState(StateError::Deserialization(CodecError::Io(error))) => {
            matches!(
                error.kind(),
                Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
            )
        }
        _ => false,
    }
}

fn blame(error: &ConnectionError) -> Blame {
    use DisconnectReasonCode as Code;
    if hung_up(error) {
        return Blame::Closed;
    }
    let ConnectionError::MqttState(error) = error else { return Blame::None };
    match error {
        StateError::Deserialization(CodecError::Io(_)) => Blame::None,
        StateError::Deserialization(_) | StateError::OutgoingPacketTooLarge { .. } => Blame::Protocol,
        StateError::ServerDisconnect {
            reason_code:
                Code::UnspecifiedError
                | Code::MalformedPacket
                | Code::ProtocolError
                | Code::ImplementationSpecificError
                | Code::NotAuthorized
                | Code::TopicNameInvalid
                | Code::PacketTooLarge
                | Code::QuotaExceeded
                | Code::PayloadFormatInvalid
                | Code::RetainNotSupported
                | Code::QoSNotSupported,
            ..
        } => Blame::Protocol,
        _ => Blame::None,
    }
}

/// What repeating the attempt won't heal. Everything else is the network, or a broker that is busy or starting.
fn failure(error: &ConnectionError) -> Option<ConnectError> {
    use ConnectReturnCode as Code;
    #[cfg(feature = "tls")]
    if let Some(reason) = certificate(error) {
        return Some(ConnectError::Tls { reason });
    }
    let protocol = |reason: String| Some(ConnectError::Protocol { reason });
    match error {
        ConnectionError::ConnectionRefused(code) => match code {
            Code::BadUserNamePassword => Some(ConnectError::Credentials),
            Code::NotAuthorized => Some(ConnectError::NotAuthorized),
            Code::ServiceUnavailable
            | Code::ServerUnavailable
            | Code::ServerBusy
            | Code::QuotaExceeded
            | Code::ConnectionRateExceeded => None,
            code => {
                let (code, name) = convert::refusal(*code);
                Some(ConnectError::Refused { code, name })
            }
        },
        ConnectionError::NotConnAck(_) => protocol("its first packet was no CONNACK".to_owned()),
        ConnectionError::MqttState(StateError::Deserialization(CodecError::Io(_))) => None,
        ConnectionError::MqttState(StateError::Deserialization(error)) => protocol(error.to_string()),
        #[cfg(feature = "websocket")]
        ConnectionError::Websocket(error) => {
            let text = error.to_string();
            // Its type belongs to a crate that is not ours; a proxy's 5xx and a broken socket may pass, the rest won't.
            let passing = text.starts_with("HTTP error: 5") || text.starts_with("IO error");
            if passing { None } else { protocol(text) }
        }
        #[cfg(feature = "websocket")]
        ConnectionError::WsConnect(_)
        | ConnectionError::InvalidUrl(_)
        | ConnectionError::ResponseValidation(_) => protocol(error.to_string()),
        _ => None,
    }
}

/// What TLS has against the peer, wherever the layers between have put it.
#[cfg(feature = "tls")]
fn certificate(error: &ConnectionError) -> Option<String> {
    let mut layer: Option<&(dyn std::error::Error + 'static)> = match error {
        // Hides what it wraps.
        ConnectionError::MqttState(StateError::Deserialization(CodecError::Io(error))) => Some(error),
        error => Some(error),
    };
    while let Some(error) = layer {
        // An I/O error hides what it wraps from `source`.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.map(|inner| inner as &(dyn std::error::Error + 'static));
        for candidate in [Some(error), inner].into_iter().flatten() {
            if let Some(error) = candidate.downcast_ref::<rustls::Error>() {
                return Some(error.to_string());
            }
        }
        layer = error.source();
    }
    None
}
