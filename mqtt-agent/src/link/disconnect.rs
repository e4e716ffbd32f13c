//! Why a connection ended or could not be made, and the consequences.

use std::io;

use super::codec::{Disconnect, Malformed, reasons};
use super::error::{ConnectError, said};
use super::poison::Blame;

/// The end of a connection, or of an attempt.
#[derive(Debug)]
pub(super) struct Ended {
    /// For logs and for those who watch the state.
    pub(super) text: String,
    /// What it says about the oldest unacknowledged message.
    pub(super) blame: Blame,
    /// Whether the broker ended it, as it does with a connection that another one takes over.
    pub(super) by_broker: bool,
    /// The reason in the broker's DISCONNECT.
    pub(super) reason: Option<u8>,
    /// Set when an attempt failed in a way that repeating it won't heal.
    pub(super) failure: Option<Box<ConnectError>>,
    /// What to tell the broker in our DISCONNECT.
    pub(super) tell: Option<u8>,
}

/// MQTT's reason for a connection that another one with the same client id has taken over.
pub(super) const TAKEN_OVER: u8 = 0x8e;

impl Ended {
    /// The end of an attempt.
    pub(super) fn attempt(text: impl Into<String>, failure: Option<ConnectError>) -> Self {
        let failure = failure.map(Box::new);
        Self { text: text.into(), blame: Blame::None, by_broker: false, reason: None, failure, tell: None }
    }

    /// The same for an error of the socket or of TLS.
    pub(super) fn attempt_io(error: &io::Error) -> Self {
        #[cfg(feature = "tls")]
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            let failure = ConnectError::Tls { reason: tls.to_string() };
            return Self::attempt(failure.to_string(), Some(failure));
        }
        let text = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the broker closed the connection".to_owned(),
            _ => error.to_string(),
        };
        Self::attempt(text, None)
    }

    /// The end of a connection that was made, by an error of the socket. A broker that closes without having read
    /// everything shows as a reset.
    pub(super) fn io(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let hung_up = matches!(
            error.kind(),
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
        );
        let blame = if hung_up { Blame::Closed } else { Blame::None };
        Self { blame, by_broker: hung_up, ..Self::attempt_io(error) }
    }

    /// What the broker sent is not MQTT 5.
    pub(super) fn malformed(malformed: Malformed) -> Self {
        Self {
            text: format!("the broker sent what MQTT 5 does not allow: {}", malformed.what),
            blame: Blame::Protocol,
            tell: Some(malformed.reason),
            ..Self::attempt("", None)
        }
    }

    /// The broker said goodbye.
    pub(super) fn disconnected(packet: &Disconnect) -> Self {
        let Disconnect { reason, reason_string, server_reference } = packet;
        let said = said(reason_string.as_deref(), server_reference.as_deref());
        let blame = match reason {
            // Unspecified, malformed, protocol, implementation, not authorized, topic, packet, quota, payload, retain, QoS.
            0x80..=0x83 | 0x87 | 0x90 | 0x95 | 0x97 | 0x99..=0x9b => Blame::Protocol,
            _ => Blame::None,
        };
        let name = match *reason {
            0x00 => "normal disconnection",
            TAKEN_OVER => "session taken over by another client with the same id",
            reason => reasons::name(reason),
        };
        Self {
            text: format!("the broker disconnected: {name} ({reason:#04x}){said}"),
            blame,
            by_broker: true,
            reason: Some(*reason),
            ..Self::attempt("", None)
        }
    }

    /// Our own doing.
    pub(super) fn ours(text: impl Into<String>) -> Self {
        Self::attempt(text, None)
    }
}
