//! Keeps a stream of changes complete: checks at the start and after each reconnect whether the broker delivered all
//! retained messages, and fetches the missing card or status of an agent.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::list::Gaps;
use crate::discover::{Latest, Marker, burst, settle};
use crate::link::{ConnectionState, Link};
use crate::wire::Namespace;

/// How long no message has to arrive before the check.
const QUIET: Duration = Duration::from_millis(250);

/// The time limit of the check.
const LOOK: Duration = Duration::from_secs(60);

/// Fetches missing messages, as long as the client is open.
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

/// Whether the broker has delivered all cards. Missing ones are fetched if their names are known.
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
