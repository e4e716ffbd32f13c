//! What keeps a stream of changes complete: it looks whether the broker delivered all that is retained, at the start and
//! after each reconnect, and fetches what one of card and status tells of.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::list::Gaps;
use crate::discover::{Latest, Marker, burst, settle};
use crate::link::{ConnectionState, Link};
use crate::wire::Namespace;

/// How long no message has to come before it is looked what is missing.
const QUIET: Duration = Duration::from_millis(250);

/// How long it may take to look.
const LOOK: Duration = Duration::from_secs(60);

/// Completes what comes in, for as long as there is a connection.
pub(super) async fn complete(
    link: Link,
    namespace: Namespace,
    cards: Latest,
    statuses: Latest,
    all: Arc<AtomicBool>,
) {
    let mut connection = link.state();
    let mut looked = 0;
    loop {
        let epoch = match &*connection.borrow_and_update() {
            ConnectionState::Connected { epoch, .. } => *epoch,
            ConnectionState::Connecting { .. } => looked,
            ConnectionState::Stopped => return,
        };
        if epoch != looked {
            looked = epoch;
            tokio::select! {
                found = look(&link, &namespace, &cards, &statuses) => {
                    if !found {
                        crate::log::warn!("failed to learn of all agents: the broker dropped retained cards; raise its limit \
                            of queued messages");
                    }
                    all.store(found, Ordering::Release);
                }
                // A look at a connection that is lost says nothing.
                changed = connection.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    looked = 0;
                    continue;
                }
            }
        }
        if connection.changed().await.is_err() {
            return;
        }
    }
}

/// Whether the broker has delivered all cards. What it hasn't is fetched where its name is known.
async fn look(link: &Link, namespace: &Namespace, cards: &Latest, statuses: &Latest) -> bool {
    let until = Instant::now() + LOOK;
    // What the subscriptions brought has to be through before the broker's queue is looked at.
    tokio::time::sleep(QUIET).await;
    settle(&[cards, statuses], QUIET, until).await;
    let marker = match (statuses.any_queued(), cards.any_queued()) {
        (Some(agent), _) => Some(Marker { topic: namespace.agent_status(&agent), inside: false }),
        (None, Some(agent)) => Some(Marker { topic: namespace.agent_card(&agent), inside: true }),
        (None, None) => return true,
    };
    // Denied, or closed: then the cards that came are those that can be seen.
    let Ok(again) = burst(link, namespace.agent_cards(), cards, marker, until).await else { return true };
    let all = again.is_all(cards);
    // The other subscription to cards goes on.
    drop(again);
    Gaps { cards: true, statuses: true }
        .fill(link, namespace, cards, statuses, &mut HashSet::new(), until)
        .await;
    all
}
