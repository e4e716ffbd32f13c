//! What the broker's reason codes mean for the publisher or subscriber.

use super::codec::reasons;
use super::error::{BrokerFeature, PublishError, SubscribeError};
use super::message::{Filter, QoS};
use super::outcome::{Outcome, Published};

/// A PUBACK's verdict: whether somebody was subscribed, or why it was refused.
pub(super) fn published(topic: &str, code: u8, reason: Option<&str>) -> Outcome {
    let topic = || topic.to_owned();
    match code {
        0x10 => Ok(Published { no_subscribers: true }),
        0x00..0x80 => Ok(Published { no_subscribers: false }),
        0x87 => Err(PublishError::Denied { topic: topic(), reason: reason.map(str::to_owned) }),
        code => Err(PublishError::Rejected {
            topic: topic(),
            code,
            name: reasons::name(code),
            reason: reason.map(str::to_owned),
        }),
    }
}

/// A SUBACK's verdict on one filter.
pub(super) fn granted(filter: &Filter, code: Option<u8>, reason: Option<&str>) -> Result<(), SubscribeError> {
    let name = || filter.filter.clone();
    let unsupported = |feature| Err(SubscribeError::Unsupported { filter: name(), feature });
    match code.unwrap_or(0x80) {
        0x00 if filter.qos == QoS::AtLeastOnce => {
            crate::log::warn!(
                filter = filter.filter,
                "the broker grants QoS 0 where QoS 1 was asked for; what it drops is lost"
            );
            Ok(())
        }
        0x00..=0x02 => Ok(()),
        0x87 => Err(SubscribeError::Denied { filter: name(), reason: reason.map(str::to_owned) }),
        0x9e => unsupported(BrokerFeature::SharedSubscriptions),
        0xa2 => unsupported(BrokerFeature::WildcardSubscriptions),
        code => Err(SubscribeError::Rejected {
            filter: name(),
            code,
            name: reasons::name(code),
            reason: reason.map(str::to_owned),
        }),
    }
}
