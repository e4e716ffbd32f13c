//! [`Book`]: the agents that a watch knows, and which of them it told of. No connection.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use tokio::time::Instant;

use super::Wanted;
use super::change::AgentChange;
use super::known::KnownAgents;
use crate::discover::{LEAVING, Latest, RETURN};
use crate::wire::{AgentCard, Namespace};

/// What is known, and what was told.
#[derive(Debug)]
pub(super) struct Book {
    cards: Latest,
    statuses: Latest,
    wanted: Wanted,
    agents: KnownAgents,
    /// The agents that were reported as joined, with a hash of their reported card.
    joined: BTreeMap<String, u64>,
    /// Agents that went offline, and when that is reported; a restarting agent is offline for a moment.
    leaving: BTreeMap<String, Instant>,
    /// The same in order of time; may contain agents that came back.
    leaves: VecDeque<(Instant, String)>,
    /// Hashes cards, with random keys.
    hasher: RandomState,
    missing: Option<Missing>,
    /// Agents that are to be forgotten, and may have to be reported, unless they come back first.
    forgotten: BTreeSet<String>,
}

/// Agents without a message since the broker began a new session.
#[derive(Debug)]
struct Missing {
    agents: BTreeSet<String>,
    since: Instant,
}

impl Book {
    pub(super) fn new(namespace: Namespace, cards: Latest, statuses: Latest, wanted: Wanted) -> Self {
        Self {
            cards,
            statuses,
            wanted,
            agents: KnownAgents::new(namespace),
            joined: BTreeMap::new(),
            leaving: BTreeMap::new(),
            leaves: VecDeque::new(),
            hasher: RandomState::new(),
            missing: None,
            forgotten: BTreeSet::new(),
        }
    }

    /// Whether more came than is kept.
    pub(super) fn is_full(&self) -> bool {
        self.cards.is_full() || self.statuses.is_full() || self.agents.is_full()
    }

    /// The next change among the messages that have arrived.
    pub(super) fn next_known(&mut self) -> Option<AgentChange> {
        loop {
            let (agent, arrived) = if let Some(change) = self.cards.next_change() {
                self.agents.take_card(&change.name, change.payload);
                // With its status, or an agent that went offline since would be told of as joining first.
                let status = self.statuses.change_of(&change.name);
                let arrived = status.map_or(change.arrived, |status| {
                    self.agents.take_status(&change.name, status.payload);
                    status.arrived.max(change.arrived)
                });
                (change.name, arrived)
            } else if let Some(change) = self.statuses.next_change() {
                self.agents.take_status(&change.name, change.payload);
                (change.name, change.arrived)
            } else {
                let agent = self.forgotten.pop_first()?;
                self.cards.forget(&agent);
                self.statuses.forget(&agent);
                self.agents.forget(&agent);
                if let Some(change) = self.change(agent) {
                    return Some(change);
                }
                continue;
            };
            if let Some(missing) = &mut self.missing
                && arrived >= missing.since
            {
                missing.agents.remove(&agent);
            }
            // All that had come was read before any was to be forgotten: this came later.
            self.forgotten.remove(&agent);
            if let Some(change) = self.change(agent) {
                return Some(change);
            }
        }
    }

    /// The broker began a new session: it may have lost retained messages; those that it has arrive again.
    pub(super) fn renewed(&mut self, since: Instant) {
        let known = self.agents.names().cloned();
        // Unread as well: it may be older.
        let unread = self.cards.names().into_iter().chain(self.statuses.names());
        self.missing = Some(Missing { agents: known.chain(unread).collect(), since });
    }

    /// When those are to be forgotten that did not come back.
    pub(super) fn returned_at(&self) -> Option<Instant> {
        self.missing.as_ref().map(|missing| missing.since + RETURN)
    }

    /// Reports agents that did not come back as left. All that has arrived is to be read first.
    pub(super) fn forget(&mut self) {
        self.forgotten.extend(self.missing.take().into_iter().flat_map(|missing| missing.agents));
    }

    /// An agent that has been offline for long enough.
    pub(super) fn next_left(&mut self, now: Instant) -> Option<AgentChange> {
        while self.leaves.front().is_some_and(|(at, _)| *at <= now)
            && let Some((at, agent)) = self.leaves.pop_front()
        {
            if self.leaving.get(&agent) == Some(&at) {
                self.leaving.remove(&agent);
                self.joined.remove(&agent);
                return Some(AgentChange::Left(agent));
            }
        }
        None
    }

    /// When the next one may have been.
    pub(super) fn left_at(&self) -> Option<Instant> {
        self.leaves.front().map(|(at, _)| *at)
    }

    fn change(&mut self, agent: String) -> Option<AgentChange> {
        let seen = self.agents.read(&agent);
        let now = seen.card().filter(|card| seen.is_online() && self.wanted.fits(card));
        match (self.joined.get(&agent).copied(), now) {
            (None, None) => None,
            (None, Some(card)) => {
                self.joined.insert(agent, self.print(&card));
                Some(AgentChange::Joined(card))
            }
            (Some(_), None) => {
                if !self.leaving.contains_key(&agent) {
                    let at = Instant::now() + LEAVING;
                    self.leaves.push_back((at, agent.clone()));
                    self.leaving.insert(agent, at);
                }
                None
            }
            (Some(known), Some(card)) => {
                self.leaving.remove(&agent);
                let print = self.print(&card);
                self.joined.insert(agent, print);
                (print != known).then_some(AgentChange::Changed(card))
            }
        }
    }

    /// A hash of a card, without its time of publication.
    fn print(&self, card: &AgentCard) -> u64 {
        self.hasher.hash_one(AgentCard { last_seen: String::new(), ..card.clone() }.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn book() -> Book {
        Book::new(Namespace::default(), Latest::watched(), Latest::watched(), Wanted::default())
    }

    fn comes(book: &Book, agent: &str) {
        book.cards.put(agent, json!({"status": "online"}).to_string().as_bytes(), true);
    }

    fn joins(book: &mut Book, agent: &str) {
        comes(book, agent);
        let change = book.next_known();
        assert!(matches!(&change, Some(AgentChange::Joined(card)) if card.agent_id == agent), "{change:?}");
    }

    /// The broker lost what it had, and nobody came back for long.
    fn loses_all(book: &mut Book) {
        book.renewed(Instant::now());
        assert_eq!(book.next_known(), None);
        book.forget();
    }

    #[test]
    fn an_agent_that_comes_back_while_it_is_to_be_forgotten_stays() {
        let mut book = book();
        joins(&mut book, "x");
        loses_all(&mut book);
        // Whoever reads is told of another one, and meanwhile it is back.
        joins(&mut book, "y");
        comes(&book, "x");
        assert_eq!(book.next_known(), None);
        assert_eq!(book.left_at(), None, "it is not to be told of as left");
        assert!(book.agents.read("x").is_online());
    }

    #[test]
    fn an_agent_that_does_not_come_back_leaves() {
        let mut book = book();
        joins(&mut book, "x");
        loses_all(&mut book);
        assert_eq!(book.next_known(), None);
        let left = book.left_at().unwrap();
        assert_eq!(book.next_left(left), Some(AgentChange::Left("x".to_owned())));
    }
}
