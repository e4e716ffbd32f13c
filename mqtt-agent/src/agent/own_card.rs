//! Looking once whether the broker gives back the card that was just published (`SUB-10a`).
//!
//! A broker may say that it keeps retained messages, and drop them, or send none for a filter with wildcards, which every
//! listing asks by. Nothing fails then, and nobody finds the agent.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::link::{Filter, Link, MessageHandler, QoS};
use crate::shown::shown;

/// How long the card may take to come back.
const BACK: Duration = Duration::from_secs(5);

/// Warns if the card on this topic doesn't come back. Where the broker refuses the subscription nothing is known, and
/// nothing said; some brokers grant it and let their access rules hold back the card.
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
                crate::log::warn!(topic = %shown(&topic), "the broker does not give back the agent's retained card for a filter with wildcards within {BACK:?}: \
                     others may not find the agent; turn on retained messages at the broker, or allow the agent to read its \
                     own card");
            }
        }
        Err(error) => {
            crate::log::debug!(topic = %shown(&topic), %error, "whether the broker keeps the agent's card is not known")
        }
    }
}
