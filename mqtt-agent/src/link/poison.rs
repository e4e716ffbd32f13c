//! Detects poison messages: messages whose retransmission ends every connection.

/// Suspicion at which a message is given up: three connections that ended at its acknowledgement by an error of the
/// protocol, or a dozen that the broker just closed.
pub(super) const POISON: u8 = 12;

/// How a connection's end speaks against the oldest unacknowledged message.
///
/// An acknowledgement that can't be read, or a message that the broker can't stand, ends the
/// connection each time it is repeated. Acknowledgements come in order, so it is the oldest that is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The network's or our own doing.
    None,
    /// The broker closed without a word.
    Closed,
    /// Something could not be decoded, or the broker gave a reason.
    Protocol,
}

impl Blame {
    pub(super) const fn weight(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Closed => 1,
            Self::Protocol => POISON / 3,
        }
    }
}
