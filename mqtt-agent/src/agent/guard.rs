//! Watches the agent's own retained messages, and publishes them again if another client deleted or changed them
//! (`SUB-16`).
//!
//! Otherwise an administrator who clears retained messages, or a peer with too many rights, could make a working agent
//! undiscoverable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::link::{Filter, Inbound, Link, MessageHandler, QoS, RetainHandling, Subscription};
use crate::log_rate::limited;
use crate::serve::Retained;
use crate::shown::shown;

/// How long to wait after a change: after a reconnect the broker first delivers the Will, then the agent's own message.
const CALM: Duration = Duration::from_secs(2);

/// The minimum time between two publications of a message.
const AGAIN: Duration = Duration::from_secs(10);

/// How often the watcher checks whether a message may be published again.
const LOOK: Duration = Duration::from_secs(1);

/// The maximum number of watched messages; for an agent with more tools, the first ones.
const MOST: usize = 256;

/// The last message of each topic.
#[derive(Debug)]
struct Latest {
    /// The size of the largest message of this agent; a larger one is from another client.
    largest: usize,
    came: Mutex<BTreeMap<String, Bytes>>,
    changed: Notify,
}

impl Latest {
    fn came(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, inbound: Inbound) {
        let payload =
            if inbound.payload.len() > self.largest { Bytes::new() } else { inbound.payload.clone() };
        self.came().insert(inbound.topic().to_owned(), payload);
        self.changed.notify_one();
    }
}

/// Watches them while the agent serves. If the broker denies the subscription, nothing is watched.
pub(super) async fn keep(link: Link, mut own: Vec<Retained>) {
    own.truncate(MOST);
    let sizes = own.iter().filter_map(Retained::message).map(|message| message.payload.len());
    let largest = sizes.max().unwrap_or_default() + 1024;
    let latest = Arc::new(Latest { largest, came: Mutex::default(), changed: Notify::new() });
    // Held for as long as they are watched.
    let subscriptions = subscribe(&link, &own, &latest).await;
    if subscriptions.is_empty() {
        return;
    }
    let mut wrong: BTreeSet<usize> = BTreeSet::new();
    let mut not_before: BTreeMap<usize, Instant> = BTreeMap::new();
    loop {
        tokio::select! {
            () = latest.changed.notified() => {}
            () = sleep(LOOK), if !wrong.is_empty() => {}
        }
        sleep(CALM).await;
        let now = Instant::now();
        let came = std::mem::take(&mut *latest.came());
        for (index, retained) in own.iter().enumerate() {
            match came.get(&retained.topic) {
                Some(payload) if retained.allows(payload) => drop(wrong.remove(&index)),
                Some(_) if wrong.insert(index) && retained.shared => {
                    // One of its servers is enough: the others see that it is right again.
                    let earliest = now + AGAIN.mul_f64(fastrand::f64());
                    let at = not_before.entry(index).or_insert(earliest);
                    *at = earliest.max(*at);
                }
                Some(_) => {}
                None => {}
            }
        }
        let is_due = |index: &usize| not_before.get(index).is_none_or(|at| now >= *at);
        let due: Vec<_> = wrong.iter().copied().filter(is_due).collect();
        for index in due {
            let Some((topic, message)) = own.get(index).and_then(|own| Some((&*own.topic, own.message()?)))
            else {
                continue;
            };
            limited!(
                warn,
                "somebody deleted or changed a retained message of this agent; it is published again",
                topic = %shown(topic)
            );
            not_before.insert(index, now + AGAIN);
            match link.publish(message).await {
                Ok(_) => drop(wrong.remove(&index)),
                Err(error) => {
                    limited!(warn, "failed to publish a retained message of this agent again", topic = %shown(topic), %error)
                }
            }
        }
    }
}

async fn subscribe(link: &Link, own: &[Retained], latest: &Arc<Latest>) -> Vec<Subscription> {
    let latest = Arc::clone(latest);
    let handler = MessageHandler::in_memory(move |inbound| latest.take(inbound));
    let filter = |retained: &Retained| Filter {
        qos: QoS::AtMostOnce,
        ..Filter::new(&retained.topic).with_retain_handling(RetainHandling::DoNotSend)
    };
    let granted = link.subscribe(own.iter().map(filter).collect(), handler).await;
    let watched = |granted: Result<Subscription, _>| {
        granted
            .inspect_err(
                |error| crate::log::debug!(%error, "failed to watch a retained message of this agent"),
            )
            .ok()
    };
    granted.into_iter().filter_map(watched).collect()
}
