//! The broker's capabilities: those in its CONNACK, without those at which it closed a connection (`SUB-10a`).

use super::codec::ConnAck;
use super::error::BrokerFeature;
use super::message::{Filter, Message, QoS};

/// The limits of one connection. What they exclude is never sent.
#[derive(Debug, Clone)]
pub(super) struct Capabilities {
    /// How many publishes may be unacknowledged: ours, or less where the broker says so.
    pub(super) window: usize,
    /// The broker's Maximum Packet Size.
    pub(super) limit: usize,
    pub(super) qos_1: bool,
    pub(super) retain: bool,
    pub(super) wildcards: bool,
    pub(super) shared: bool,
    pub(super) identifiers: bool,
}

/// What a broker hung up at, whatever its CONNACK says: remembered for all later connections.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    no_shared: bool,
    no_wildcards: bool,
    no_identifiers: bool,
    no_retain: bool,
    no_qos_1: bool,
}

impl Shown {
    /// Learns from a DISCONNECT's reason; whether it was of this kind.
    pub(super) fn learn(&mut self, reason: u8) -> bool {
        let flag = match reason {
            0x9a => &mut self.no_retain,
            0x9b => &mut self.no_qos_1,
            0x9e => &mut self.no_shared,
            0xa1 => &mut self.no_identifiers,
            0xa2 => &mut self.no_wildcards,
            _ => return false,
        };
        *flag = true;
        true
    }
}

impl Capabilities {
    /// Before there is a connection: nothing is excluded.
    pub(super) fn unknown(window: u16) -> Self {
        Self {
            window: usize::from(window).max(1),
            limit: usize::MAX,
            qos_1: true,
            retain: true,
            wildcards: true,
            shared: true,
            identifiers: true,
        }
    }

    pub(super) fn of(ack: &ConnAck, window: u16, shown: Shown) -> Self {
        let limit = ack.maximum_packet_size.and_then(|limit| usize::try_from(limit).ok());
        let mut broker = Self {
            window: usize::from(window.min(ack.receive_maximum)).max(1),
            limit: limit.unwrap_or(usize::MAX),
            qos_1: ack.maximum_qos == QoS::AtLeastOnce,
            retain: ack.retain_available,
            wildcards: ack.wildcard_available,
            shared: ack.shared_available,
            identifiers: ack.identifiers_available,
        };
        broker.learn(shown);
        broker
    }

    /// Takes away what the broker hung up at.
    pub(super) fn learn(&mut self, shown: Shown) {
        self.qos_1 &= !shown.no_qos_1;
        self.retain &= !shown.no_retain;
        self.wildcards &= !shown.no_wildcards;
        self.shared &= !shown.no_shared;
        self.identifiers &= !shown.no_identifiers;
    }

    /// Whether subscriptions may have identifiers.
    pub(super) fn identifiers(&self) -> bool {
        self.identifiers
    }

    /// What the broker lacks for this message.
    pub(super) fn lacks_for_message(&self, message: &Message) -> Option<BrokerFeature> {
        if message.retain && !self.retain {
            Some(BrokerFeature::Retain)
        } else if message.qos == QoS::AtLeastOnce && !self.qos_1 {
            Some(BrokerFeature::QoS1)
        } else {
            None
        }
    }

    /// What the broker lacks for this subscription.
    pub(super) fn lacks_for_filter(&self, filter: &Filter) -> Option<BrokerFeature> {
        let (shared, pattern) = match filter.filter.strip_prefix("$share/") {
            None => (false, filter.filter.as_str()),
            Some(rest) => (true, rest.split_once('/').map_or("", |(_, pattern)| pattern)),
        };
        if shared && !self.shared {
            Some(BrokerFeature::SharedSubscriptions)
        } else if pattern.contains(['+', '#']) && !self.wildcards {
            Some(BrokerFeature::WildcardSubscriptions)
        } else if filter.qos == QoS::AtLeastOnce && !self.qos_1 {
            // It would be granted at QoS 0, and what is lost then is not seen by anybody.
            Some(BrokerFeature::QoS1)
        } else {
            None
        }
    }
}
