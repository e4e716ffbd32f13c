//! [`AgentChanges`]: watching which agents join, leave and change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::Wanted;
use super::complete::complete;
use super::presences::{Known, Presences};
use crate::discover::{LEAVING, RETURN};
use crate::kept::Kept;
use crate::link::{ConnectionState, Link};
use crate::spawn;
use crate::wire::{AgentCard, Namespace};

/// A change of an agent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AgentChange {
    /// It came online.
    Joined(AgentCard),
    /// Its card has changed.
    Changed(AgentCard),
    /// It has been offline for 300 ms, or its card was removed, or it no longer matches the filter.
    Left(String),
}

/// The changes of agents; made by [`ListAgents::watch`](super::ListAgents::watch).
///
/// It is a [`Stream`] that ends when the connection is closed. It does not have to be read continuously: it keeps the
/// current card of each agent, for at most 100,000 agents and 128 MiB of cards, and reports the differences from what
/// it reported before.
#[derive(Debug)]
pub struct AgentChanges {
    link: Link,
    namespace: Namespace,
    connection: watch::Receiver<ConnectionState>,
    /// The session at the broker that the current knowledge comes from.
    session: u64,
    missing: Option<Missing>,
    presences: Presences,
    wanted: Wanted,
    agents: BTreeMap<String, Known>,
    /// The agents that were reported as joined, with a hash of their reported card.
    joined: BTreeMap<String, u64>,
    /// Agents that went offline, and when that is reported; a restarting agent is offline for a moment.
    leaving: BTreeMap<String, Instant>,
    /// The same in order of time; may contain agents that came back.
    leaves: VecDeque<(Instant, String)>,
    /// Hashes cards, with random keys.
    hasher: RandomState,
    /// Agents that were forgotten and may have to be reported.
    forgotten: BTreeSet<String>,
    /// Whether the broker delivered everything, as far as is known.
    all: Arc<AtomicBool>,
    /// Completes when something has arrived.
    news: Kept<()>,
    // Fetches what the broker dropped of what was retained.
    _completing: AbortOnDropHandle<()>,
}

/// Agents without a message since the broker began a new session.
#[derive(Debug)]
struct Missing {
    agents: BTreeSet<String>,
    since: Instant,
}

impl AgentChanges {
    pub(super) fn new(
        link: Link,
        namespace: Namespace,
        connection: watch::Receiver<ConnectionState>,
        session: u64,
        presences: Presences,
        wanted: Wanted,
    ) -> Self {
        let all = Arc::new(AtomicBool::new(true));
        let (cards, statuses) = (presences.cards.clone(), presences.statuses.clone());
        let completing = complete(link.clone(), namespace.clone(), cards, statuses, Arc::clone(&all));
        Self {
            link,
            namespace,
            connection,
            session,
            missing: None,
            presences,
            wanted,
            agents: BTreeMap::new(),
            joined: BTreeMap::new(),
            leaving: BTreeMap::new(),
            leaves: VecDeque::new(),
            hasher: RandomState::new(),
            forgotten: BTreeSet::new(),
            all,
            news: Kept::default(),
            _completing: spawn::owned(completing),
        }
    }

    /// Whether it knows all agents, as far as it can tell. False if there are more than it keeps, or if the broker's
    /// queue had no room for all retained cards at the start. A missing agent joins when it publishes its card again.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let full = self.presences.cards.is_full() || self.presences.statuses.is_full();
        self.all.load(Ordering::Acquire) && !full
    }

    /// Waits for the next change; `None` when the connection was closed. Cancel safe: no change is lost.
    pub async fn next(&mut self) -> Option<AgentChange> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<AgentChange>> {
        loop {
            // First: what comes in after a new session has begun is never taken for something older.
            let state = self.connection.borrow_and_update();
            let (is_new, is_stopped) = (state.has_changed(), *state == ConnectionState::Stopped);
            drop(state);
            if is_new {
                self.connected();
            }
            if let Some(change) = self.next_known() {
                return Poll::Ready(Some(change));
            }
            if is_stopped {
                return Poll::Ready(None);
            }
            let now = Instant::now();
            let returned = self.missing.as_ref().map(|missing| missing.since + RETURN);
            if returned.is_some_and(|until| until <= now) {
                self.forget();
                continue;
            }
            while self.leaves.front().is_some_and(|(at, _)| *at <= now)
                && let Some((at, agent)) = self.leaves.pop_front()
            {
                if self.leaving.get(&agent) == Some(&at) {
                    self.leaving.remove(&agent);
                    self.joined.remove(&agent);
                    return Poll::Ready(Some(AgentChange::Left(agent)));
                }
            }
            let left = self.leaves.front().map(|(at, _)| *at);
            let until = returned.into_iter().chain(left).min();
            ready!(self.news.poll(cx, || {
                let (mut connection, arrived) = (self.connection.clone(), self.presences.arrived());
                Box::pin(async move {
                    tokio::select! {
                        _ = connection.changed() => {}
                        () = arrived => {}
                        () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
                    }
                })
            }));
        }
    }

    /// The next change among the messages that have arrived.
    fn next_known(&mut self) -> Option<AgentChange> {
        loop {
            let (agent, arrived) = if let Some(change) = self.presences.cards.next_change() {
                let seen = self.agents.entry(change.name.clone()).or_default();
                seen.take_card(&self.namespace, &change.name, change.payload);
                // With its status, or an agent that went offline since would be told of as joining first.
                let status = self.presences.statuses.change_of(&change.name);
                let arrived = status.map_or(change.arrived, |status| {
                    seen.take_status(&self.namespace, &change.name, status.payload);
                    status.arrived.max(change.arrived)
                });
                (change.name, arrived)
            } else if let Some(change) = self.presences.statuses.next_change() {
                let seen = self.agents.entry(change.name.clone()).or_default();
                seen.take_status(&self.namespace, &change.name, change.payload);
                (change.name, change.arrived)
            } else {
                let agent = self.forgotten.pop_first()?;
                self.presences.cards.forget(&agent);
                self.presences.statuses.forget(&agent);
                self.agents.insert(agent.clone(), Known::default());
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
            if let Some(change) = self.change(agent) {
                return Some(change);
            }
        }
    }

    /// After a new session the broker may have lost retained messages; those that it has arrive again.
    fn connected(&mut self) {
        let session = self.link.session();
        if self.session != session
            && let ConnectionState::Connected { since, .. } = *self.connection.borrow()
        {
            self.session = session;
            let known = self.agents.keys().cloned();
            // Unread as well: it may be older.
            let unread = self.presences.cards.names().into_iter().chain(self.presences.statuses.names());
            self.missing = Some(Missing { agents: known.chain(unread).collect(), since: since.into() });
        }
    }

    /// Reports agents that did not come back as left.
    fn forget(&mut self) {
        self.forgotten.extend(self.missing.take().into_iter().flat_map(|missing| missing.agents));
    }

    fn change(&mut self, agent: String) -> Option<AgentChange> {
        let known = self.agents.get(&agent)?;
        let seen = known.read(&agent);
        let now = seen.card().filter(|card| seen.is_online() && self.wanted.fits(card));
        if known.is_empty() {
            self.agents.remove(&agent);
        }
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

impl Stream for AgentChanges {
    type Item = AgentChange;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AgentChange>> {
        self.get_mut().poll(cx)
    }
}
