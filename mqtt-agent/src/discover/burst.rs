//! [`burst`]: the retained messages of one wildcard, and whether the broker delivered all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::error::DiscoverError;
use super::fetch::{GRANT, granted};
use super::latest::Latest;
use super::unbroken::Unbroken;
use crate::link::{Filter, Inbound, Link, MessageHandler, QoS, Subscription};

/// How long no message has to come for a burst to be over.
const QUIET: Duration = Duration::from_millis(150);

/// The same where the marker has to come last.
const MARKER: Duration = Duration::from_millis(500);

/// Every broker queues as many for a client by default. A burst that can't be checked and is smaller is taken for all.
const QUEUE: usize = 1000;

/// Something that is known to be retained, and is asked for right after a wildcard. Brokers keep the order within a
/// session, and our acknowledgements come after both SUBSCRIBE: one whose queue was too short for the wildcard's messages
/// has no room for the marker either.
#[derive(Debug, Clone)]
pub(crate) struct Marker {
    /// The exact topic.
    pub(crate) topic: String,
    /// Whether the wildcard matches it too.
    pub(crate) inside: bool,
}

/// What came of one wildcard, on one connection.
#[derive(Debug)]
pub(crate) struct Burst {
    /// More comes for as long as it is held.
    _subscription: Subscription,
    /// Whether the marker came after it.
    marked: Option<bool>,
}

impl Burst {
    /// Whether the broker delivered all that it has.
    pub(crate) fn is_all(&self, latest: &Latest) -> bool {
        self.marked.unwrap_or_else(|| latest.len() < QUEUE)
    }
}

/// Subscribes a wildcard and waits until its retained messages have come, all on one connection: on one that was lost
/// perhaps none of them came, so they are asked for again. After `until` that is an error.
pub(crate) async fn burst(
    link: &Link,
    wildcard: String,
    latest: &Latest,
    marker: Option<Marker>,
    until: Instant,
) -> Result<Burst, DiscoverError> {
    let mut connection = Unbroken::since_now(link);
    let mut burst = once(link, connection, wildcard.clone(), latest, marker.clone(), until).await?;
    while !connection.holds(link) {
        // What it subscribed to may be at the broker still.
        drop(burst);
        connection = Unbroken::since_now(link);
        let again = once(link, connection, wildcard.clone(), latest, marker.clone(), until);
        burst = timeout_at(until, again).await.map_err(|_| DiscoverError::Timeout(GRANT))??;
    }
    Ok(burst)
}

async fn once(
    link: &Link,
    unbroken: Unbroken,
    wildcard: String,
    latest: &Latest,
    marker: Option<Marker>,
    until: Instant,
) -> Result<Burst, DiscoverError> {
    let Some(Marker { topic, inside }) = marker else {
        let subscription = granted(link, Filter::new(wildcard), latest.handler()).await?;
        settle_granted(latest, until).await;
        return Ok(Burst { _subscription: subscription, marked: None });
    };
    let seen = Arc::new(Seen::default());
    let handler = {
        let (latest, seen, topic) = (latest.clone(), Arc::clone(&seen), topic.clone());
        MessageHandler::in_memory(move |inbound: Inbound| {
            if is_queued(&inbound) && inbound.topic() == topic {
                seen.by_wildcard(inbound.is_identified);
            }
            latest.take(&inbound);
        })
    };
    let marker_handler = {
        let seen = Arc::clone(&seen);
        MessageHandler::in_memory(move |inbound: Inbound| {
            if is_queued(&inbound) {
                seen.by_marker(inbound.is_identified);
            }
        })
    };
    // Both are asked for before the first answer, so that nothing is acknowledged in between.
    let (subscription, marker) = tokio::join!(
        granted(link, Filter::new(wildcard), handler),
        granted(link, Filter::new(topic), marker_handler)
    );
    let subscription = subscription?;
    let Ok(_marker) = marker else {
        settle_granted(latest, until).await;
        return Ok(Burst { _subscription: subscription, marked: None });
    };
    let granted = Instant::now();
    let came = loop {
        if seen.marker_came(inside) {
            break true;
        }
        let quiet = latest.last().unwrap_or(granted).max(granted) + MARKER;
        if quiet.min(until) <= Instant::now() {
            break seen.marker_came_alone();
        }
        // Messages of the wildcard put the end off, so its time is looked at again.
        let _ = timeout_at(quiet.min(until), seen.notify.notified()).await;
    };
    let subscription = if came || !unbroken.holds(link) {
        subscription
    } else {
        more(link, subscription, latest, until).await?
    };
    Ok(Burst { _subscription: subscription, marked: Some(came) })
}

/// Gets what a broker's queue has no room for as far as it can be had: messages at QoS 0 need no place there while the
/// connection is fast enough. Whether these are all cannot be known.
async fn more(
    link: &Link,
    subscription: Subscription,
    latest: &Latest,
    until: Instant,
) -> Result<Subscription, DiscoverError> {
    let filter = Filter { qos: QoS::AtMostOnce, ..Filter::new(subscription.filter()) };
    // First: an equal filter keeps the highest level that is asked for.
    drop(subscription);
    let subscription = granted(link, filter, latest.handler()).await?;
    settle_granted(latest, until).await;
    Ok(subscription)
}

/// Whether it went through the broker's queue; what is published later and what has QoS 0 goes past it.
fn is_queued(inbound: &Inbound) -> bool {
    inbound.retain && inbound.qos == QoS::AtLeastOnce
}

/// How often the marker came, and by which subscription.
#[derive(Default)]
struct Seen {
    marker: AtomicUsize,
    wildcard: AtomicUsize,
    /// Whether the broker knows subscription identifiers: each copy then comes to its own subscription alone.
    apart: AtomicBool,
    notify: Notify,
}

impl Seen {
    fn by_wildcard(&self, is_identified: bool) {
        self.came(&self.wildcard, is_identified);
    }

    fn by_marker(&self, is_identified: bool) {
        self.came(&self.marker, is_identified);
    }

    fn came(&self, copies: &AtomicUsize, is_identified: bool) {
        self.apart.fetch_or(is_identified, Ordering::AcqRel);
        copies.fetch_add(1, Ordering::AcqRel);
        self.notify.notify_one();
    }

    /// HiveMQ sends the retained message of one topic before those of a wildcard that was asked for earlier; so the
    /// wildcard's own copy has to be there as well.
    fn marker_came(&self, inside: bool) -> bool {
        let marker = self.marker.load(Ordering::Acquire);
        match (inside, self.apart.load(Ordering::Acquire)) {
            (false, _) => marker >= 1,
            (true, true) => marker >= 1 && self.wildcard.load(Ordering::Acquire) >= 1,
            (true, false) => marker >= 2,
        }
    }

    /// There was room for the marker, so that no copy of the wildcard was dropped: rumqttd sends none where the same filter
    /// was subscribed before.
    fn marker_came_alone(&self) -> bool {
        self.apart.load(Ordering::Acquire) && self.marker.load(Ordering::Acquire) >= 1
    }
}

/// Waits until no message has come for a while. `false` when they still came at the deadline.
pub(crate) async fn settle(latest: &[&Latest], quiet: Duration, until: Instant) -> bool {
    match latest.iter().filter_map(|latest| latest.last()).max() {
        Some(last) => settle_from(last, latest, quiet, until).await,
        None => true,
    }
}

/// Waits until no message has come for a while, after a grant: also where that was late.
async fn settle_granted(latest: &Latest, until: Instant) {
    let granted = Instant::now();
    settle_from(granted, &[latest], QUIET, until.max(granted + QUIET)).await;
}

async fn settle_from(from: Instant, latest: &[&Latest], quiet: Duration, until: Instant) -> bool {
    loop {
        let last = latest.iter().filter_map(|latest| latest.last()).max();
        let end = last.unwrap_or(from).max(from) + quiet;
        if end <= Instant::now() {
            return true;
        }
        if until <= Instant::now() {
            return false;
        }
        sleep_until(end.min(until)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_outside_of_the_wildcard_comes_once() {
        let seen = Seen::default();
        assert!(!seen.marker_came(false));
        seen.by_marker(true);
        assert!(seen.marker_came(false));
    }

    #[test]
    fn with_subscription_identifiers_both_copies_come_in_any_order() {
        for first in [Seen::by_wildcard, Seen::by_marker] {
            let seen = Seen::default();
            first(&seen, true);
            assert!(!seen.marker_came(true));
            seen.by_wildcard(true);
            seen.by_marker(true);
            assert!(seen.marker_came(true));
        }
    }

    #[test]
    fn a_marker_that_comes_alone_counts_where_it_is_known_to_be_the_markers_copy() {
        for is_identified in [true, false] {
            let seen = Seen::default();
            seen.by_marker(is_identified);
            assert!(!seen.marker_came(true));
            assert_eq!(seen.marker_came_alone(), is_identified);
        }
    }

    #[test]
    fn without_subscription_identifiers_each_copy_comes_by_both() {
        let seen = Seen::default();
        for copies in 1..=2 {
            seen.by_marker(false);
            seen.by_wildcard(false);
            assert_eq!(seen.marker_came(true), copies == 2);
        }
    }
}
