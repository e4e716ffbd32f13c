//! Listing the agents that are online.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::Wanted;
use super::presences::{Seen, permitted};
use crate::discover::{Clock, DiscoverError, Latest, Listing, Marker, Shortfall, burst, fetch};
use crate::json;
use crate::link::Link;
use crate::session::Session;
use crate::wire::{AgentCard, Namespace};

/// The maximum memory of a listing's cards, in bytes. A card as a JSON tree may take many times the size of its text.
const CARD_BYTES: usize = 512 << 20;

/// The maximum number of statuses that are fetched one by one; above it, all are requested again. An agent of another
/// implementation may have no status, which is only known after a timeout.
const FEW: usize = 256;

pub(super) async fn list(
    session: &Session,
    window: Duration,
    wanted: &Wanted,
) -> Result<Listing<AgentCard>, DiscoverError> {
    let clock = Clock::new(window);
    let (link, namespace) = (session.link(), session.namespace());
    let (cards, statuses) = (Latest::new(), Latest::new());
    // Statuses first: they name the agents, and one of them marks the end of the cards.
    let filter = namespace.agent_statuses();
    let mut visible = permitted(burst(link, filter.clone(), &statuses, None, clock.cap()).await)?;
    let marker =
        statuses.any_queued().map(|agent| Marker { topic: namespace.agent_status(&agent), inside: false });
    let marked = marker.is_some();
    let mut all = burst(link, namespace.agent_cards(), &cards, marker, clock.cap()).await?;
    if let Some(agent) = cards.any_queued().filter(|_| !marked) {
        let marker = Marker { topic: namespace.agent_card(&agent), inside: true };
        all = burst(link, namespace.agent_cards(), &cards, Some(marker), clock.cap()).await?;
    }
    if visible.is_some()
        && let Some(agent) = statuses.any_queued()
        && absent(&cards, &statuses).len() > FEW
    {
        let marker = Marker { topic: namespace.agent_status(&agent), inside: true };
        visible = permitted(burst(link, filter, &statuses, Some(marker), clock.cap()).await)?;
    }
    let gaps = Gaps {
        cards: !all.is_all(&cards),
        // Statuses may have been dropped for the sake of cards, so those of a few are fetched all the same.
        statuses: visible
            .as_ref()
            .is_some_and(|burst| absent(&cards, &statuses).len() <= FEW || !burst.is_all(&statuses)),
    };
    let mut asked = HashSet::new();
    let (mut missing, mut unknown) =
        gaps.fill(link, namespace, &cards, &statuses, &mut asked, clock.cap()).await;
    let mut settled = clock.rest(&[&cards, &statuses]).await;
    // What came in the meantime may name others.
    let (late, late_statuses) = gaps.fill(link, namespace, &cards, &statuses, &mut asked, clock.cap()).await;
    missing.extend(late);
    unknown.extend(late_statuses);
    settled &= unknown.is_empty();
    drop((visible, all));

    let is_full = cards.is_full() || statuses.is_full();
    let (cards_now, statuses_now) = (cards.take_all(), statuses.take_all());
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    for (agent, payload) in cards_now {
        let mut seen = Seen::default();
        seen.read_card(namespace, &agent, &payload);
        if let Some(payload) = statuses_now.get(&agent) {
            seen.read_status(namespace, &agent, payload);
        }
        let Some(card) = seen.card().filter(|card| seen.is_online() && wanted.fits(card)) else { continue };
        bytes = bytes.saturating_add(size_of::<AgentCard>() + json::memory(&card));
        if bytes > CARD_BYTES {
            break;
        }
        found.push(card);
    }
    missing.sort_unstable();
    let shortfall = if is_full || bytes > CARD_BYTES {
        Some(Shortfall::TooMany)
    } else if gaps.cards {
        Some(Shortfall::Dropped)
    } else {
        (!settled).then_some(Shortfall::TimedOut)
    };
    Ok(Listing::new(found, missing, shortfall))
}

/// The agents that are in one collection and not in the other.
pub(super) fn absent(of: &Latest, from: &Latest) -> Vec<String> {
    let from = from.names();
    of.names().into_iter().filter(|agent| !from.contains(agent)).collect()
}

/// The missing messages of a listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gaps {
    pub(super) cards: bool,
    pub(super) statuses: bool,
}

impl Gaps {
    /// Fetches the cards of agents whose statuses are known, and vice versa. Returns the agents whose cards, and those
    /// whose statuses, did not arrive in time.
    pub(super) async fn fill(
        self,
        link: &Link,
        namespace: &Namespace,
        cards: &Latest,
        statuses: &Latest,
        asked: &mut HashSet<String>,
        until: Instant,
    ) -> (Vec<String>, Vec<String>) {
        let (mut no_cards, mut no_statuses) = (Vec::new(), Vec::new());
        if self.cards {
            for agent in absent(statuses, cards) {
                let topic = namespace.agent_card(&agent);
                if asked.insert(topic.clone()) {
                    no_cards.push((agent, topic));
                }
            }
        }
        let no_cards = fetch(link, cards, no_cards, until).await;
        if self.statuses {
            for agent in absent(cards, statuses) {
                let topic = namespace.agent_status(&agent);
                if asked.insert(topic.clone()) {
                    no_statuses.push((agent, topic));
                }
            }
        }
        (no_cards, fetch(link, statuses, no_statuses, until).await)
    }
}
