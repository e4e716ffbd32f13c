//! [`KnownAgents`]: the cards and statuses that a watch knows, within a limit of bytes.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::presences::{Seen, readable};
use crate::discover::{Bounded, cost};
use crate::ledger::Share;
use crate::wire::{AgentCard, Namespace, Status};

/// What is known of agents, by their ids.
#[derive(Debug)]
pub(super) struct KnownAgents {
    namespace: Namespace,
    agents: BTreeMap<String, Known>,
    bounded: Bounded,
}

/// The known card and status of an agent.
#[derive(Debug, Default)]
struct Known {
    /// A valid card. It stays bytes, shared with where it arrived.
    card: Option<Bytes>,
    status: Option<Status>,
    /// What it takes of the limit.
    share: Option<Share>,
}

impl KnownAgents {
    pub(super) fn new(namespace: Namespace) -> Self {
        Self::within(namespace, Bounded::default())
    }

    fn within(namespace: Namespace, bounded: Bounded) -> Self {
        Self { namespace, agents: BTreeMap::new(), bounded }
    }

    /// Whether something was dropped for want of room.
    pub(super) fn is_full(&self) -> bool {
        self.bounded.is_full()
    }

    /// The agents of which something is known.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.agents.keys()
    }

    /// Updates the card; an empty payload removes it.
    pub(super) fn take_card(&mut self, agent: &str, payload: Option<Bytes>) {
        let payload = payload.unwrap_or_default();
        if let Some(card) = readable(&self.namespace, agent, &payload) {
            self.update(agent, |known| known.card = card.map(|_| payload));
        }
    }

    /// Updates the status.
    pub(super) fn take_status(&mut self, agent: &str, payload: Option<Bytes>) {
        let status = self.agents.get(agent).and_then(|known| known.status);
        let mut seen = Seen { card: None, status };
        seen.read_status(&self.namespace, agent, payload.as_deref().unwrap_or_default());
        self.update(agent, |known| known.status = seen.status);
    }

    fn update(&mut self, agent: &str, change: impl FnOnce(&mut Known)) {
        let mut known = self.agents.remove(agent).unwrap_or_default();
        change(&mut known);
        // Before: it makes room for what comes in its place.
        known.share = None;
        if known.card.is_none() && known.status.is_none() {
            return;
        }
        known.share = self.bounded.take(agent, cost(agent, known.card.as_ref().map_or(0, Bytes::len)));
        if known.share.is_some() {
            self.agents.insert(agent.to_owned(), known);
        }
    }

    /// Forgets an agent.
    pub(super) fn forget(&mut self, agent: &str) {
        self.agents.remove(agent);
    }

    /// The parsed card and status.
    pub(super) fn read(&self, agent: &str) -> Seen {
        let Some(known) = self.agents.get(agent) else { return Seen::default() };
        let read = |payload: &Bytes| AgentCard::read(agent, payload).ok().flatten();
        Seen { card: known.card.as_ref().and_then(read), status: known.status }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// A valid card of this size, at least.
    fn card(bytes: usize) -> Option<Bytes> {
        Some(json!({"status": "online", "description": "x".repeat(bytes)}).to_string().into())
    }

    fn kept(known: &KnownAgents) -> usize {
        known.agents.values().filter_map(|known| known.card.as_ref()).map(Bytes::len).sum()
    }

    #[test]
    fn sub_11_cards_that_garbage_came_after_are_kept_within_the_limit() {
        let mut known = KnownAgents::within(Namespace::default(), Bounded::within(10_000));
        for number in 0..100 {
            let agent = format!("agent-{number}");
            known.take_card(&agent, card(1000));
            // Where it arrived one byte is kept from now on.
            known.take_card(&agent, Some("{".into()));
        }
        assert!(kept(&known) <= 10_000, "{} bytes are kept", kept(&known));
        assert!(known.is_full());
        assert!(known.read("agent-0").card.is_some(), "garbage changes nothing");
    }

    #[test]
    fn a_card_that_is_replaced_or_removed_makes_room() {
        let mut known = KnownAgents::within(Namespace::default(), Bounded::within(3000));
        for _ in 0..10 {
            known.take_card("one", card(2000));
        }
        known.take_card("one", None);
        known.take_card("two", card(2000));
        known.forget("two");
        known.take_card("three", card(2000));
        assert!(known.read("three").card.is_some() && !known.is_full());
    }

    #[test]
    fn a_card_that_has_no_room_is_not_told_of() {
        let mut known = KnownAgents::within(Namespace::default(), Bounded::within(3000));
        known.take_card("one", card(100));
        known.take_card("two", card(2000));
        known.take_card("one", card(2000));
        assert!(known.read("one").card.is_none() && known.is_full());
        assert!(known.read("two").card.is_some());
    }

    #[test]
    fn statuses_without_cards_are_kept_within_the_limit() {
        let mut known = KnownAgents::within(Namespace::default(), Bounded::within(10_000));
        for number in 0..1000 {
            known.take_status(
                &format!("agent-{number}"),
                Some(json!({"status": "online"}).to_string().into()),
            );
        }
        assert!(known.agents.len() < 100 && known.is_full());
    }
}
