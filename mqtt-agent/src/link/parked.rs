//! Messages of an earlier process's session, kept until this process has made its subscriptions.

use super::codec::Identifiers;
use super::inbound::Inbound;

/// One message that nobody subscribes to yet.
#[derive(Debug)]
pub(super) struct ParkedMessage {
    pub(super) inbound: Inbound,
    pub(super) identifiers: Identifiers,
    /// Its place in the order of acknowledgements; at QoS 0 nothing is parked.
    pub(super) place: u64,
}

/// All of them, in the order of receipt. They are unacknowledged, so our Receive Maximum bounds them, and what a broker
/// sends beyond that is counted in bytes.
#[derive(Debug, Default)]
pub(super) struct Parked {
    messages: Vec<ParkedMessage>,
    bytes: usize,
    /// Whether everything is subscribed that this process wants.
    pub(super) is_over: bool,
}

/// How many bytes are parked at most; more are left to the session.
const MOST_BYTES: usize = 64 << 20;

impl Parked {
    /// Parks a message, or gives it back when there is no room.
    pub(super) fn push(&mut self, message: ParkedMessage) -> Result<(), Box<ParkedMessage>> {
        let weight = message.inbound.weight();
        if self.bytes.saturating_add(weight) > MOST_BYTES {
            return Err(Box::new(message));
        }
        self.bytes += weight;
        self.messages.push(message);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<ParkedMessage> {
        self.bytes = 0;
        std::mem::take(&mut self.messages)
    }
}
