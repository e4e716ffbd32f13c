//! Checks once whether the broker delivers the card that was just published (`SUB-10a`).
//!
//! A broker may claim to support retained messages but drop them, or not deliver them for filters with wildcards, which
//! listings use. Then nothing fails, but the agent cannot be discovered.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::deadline::Lasting;
use crate::link::{Filter, Link, MessageHandler, QoS};
use crate::shown::shown;

/// How long to wait for the card.
const BACK: Duration = Duration::from_secs(5);

/// Warns if the card on this topic is not delivered. If the broker denies the subscription, there is no warning. Some
/// brokers grant it although their access rules withhold the card.
pub(super) async fn look(link: Link, topic: String) {
    let came = Arc::new(Notify::new());
    let handler = {
        let (came, topic) = (Arc::clone(&came), topic.clone());
        MessageHandler::in_memory(move |inbound| {
            if inbound.topic() == topic {
                came.notify_one();
            }
        })
    };
    // A wildcard that matches what the agent itself retains, and nothing of others.
    let Some((above, _)) = topic.rsplit_once('/') else { return };
    let filter = Filter { qos: QoS::AtMostOnce, ..Filter::new(format!("{above}/+")) };
    match link.subscribe_one(filter, handler).await {
        Ok(_subscription) => {
            let epoch = link.epoch();
            let is_missing = timeout(BACK, came.notified()).await.is_err();
            // Nothing is known where there was no connection all the time.
            if is_missing && epoch != 0 && link.epoch() == epoch {
                let within = Lasting(BACK);
                crate::log::warn!(topic = %shown(&topic), "the broker does not give back the agent's retained card for a filter with wildcards within {within}: \
                     others may not find the agent; turn on retained messages at the broker, or allow the agent to read its \
                     own card");
            }
        }
        Err(error) => {
            crate::log::debug!(topic = %shown(&topic), %error, "failed to find out whether the broker keeps the agent's card")
        }
    }
}
