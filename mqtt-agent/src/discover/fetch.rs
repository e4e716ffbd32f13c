//! [`fetch`]: exact subscriptions to names that are known already. They need no right to wildcards, and the broker's
//! queue is long enough for them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::DiscoverError;
use super::latest::Latest;
use super::unbroken::Unbroken;
use crate::link::{Filter, Inbound, Link, MessageHandler, SubscribeError, Subscription};

/// How many are asked for at once.
const AT_ONCE: usize = 256;

/// How long a retained message may take to come once its subscription is granted. A broker sends it right away.
const ABSENT: Duration = Duration::from_millis(500);

/// How long the broker may take to grant a subscription.
pub(super) const GRANT: Duration = Duration::from_secs(10);

/// Subscribes what is put into `latest` for as long as the subscription is held.
pub(crate) async fn subscribe(
    link: &Link,
    filter: String,
    latest: &Latest,
) -> Result<Subscription, DiscoverError> {
    granted(link, Filter::new(filter), latest.handler()).await
}

/// Subscribes, and waits for as long as a broker may take.
pub(super) async fn granted(
    link: &Link,
    filter: Filter,
    handler: MessageHandler,
) -> Result<Subscription, DiscoverError> {
    let subscribe = link.subscribe_one(filter, handler);
    Ok(timeout(GRANT, subscribe).await.map_err(|_| DiscoverError::Timeout(GRANT))??)
}

/// Gets what is retained of names into `latest`: each comes with its exact topic. Returns the names that nothing is known
/// of at the deadline: one that the broker has nothing of, or that we may not see, is known.
pub(crate) async fn fetch(
    link: &Link,
    latest: &Latest,
    wanted: impl IntoIterator<Item = (String, String)>,
    until: Instant,
) -> Vec<String> {
    let wanted = wanted.into_iter().map(|(name, topic)| async move {
        let known = latest.get(&name).is_some() || one(link, latest, topic, until).await;
        (!known).then_some(name)
    });
    stream::iter(wanted).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}

/// Whether it is known what the broker has of one topic.
async fn one(link: &Link, latest: &Latest, topic: String, until: Instant) -> bool {
    loop {
        let unbroken = Unbroken::since_now(link);
        let arrived = Arc::new(Notify::new());
        let handler = {
            let (latest, arrived) = (latest.clone(), Arc::clone(&arrived));
            MessageHandler::in_memory(move |inbound: Inbound| {
                latest.take(&inbound);
                arrived.notify_one();
            })
        };
        match timeout_at(until, link.subscribe_one(Filter::new(topic.clone()), handler)).await {
            Ok(Ok(_subscription)) => {
                let absent = Instant::now() + ABSENT;
                if timeout_at(absent.min(until), arrived.notified()).await.is_ok() {
                    return true;
                }
                if absent > until {
                    return false;
                }
                if unbroken.holds(link) {
                    return true;
                }
            }
            Ok(Err(SubscribeError::Closed { .. } | SubscribeError::Interrupted { .. })) | Err(_) => {
                return false;
            }
            // Not ours to see.
            Ok(Err(_)) => return true,
        }
    }
}
