//! [`AgentChanges`]: who joins, leaves and changes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Presences, Seen, Wanted};
use crate::link::{ConnectionState, Link};
use crate::wire::AgentCard;

/// How long agents may take to come back to a broker that has forgotten them.
const RETURN: Duration = Duration::from_secs(10);

/// What happened to an agent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AgentChange {
    /// It came online.
    Joined(AgentCard),
    /// Its card says something else now.
    Changed(AgentCard),
    /// It went offline, or its card was removed, or it is not what was asked for any more.
    Left(String),
}

/// Who joins, leaves and changes; made by [`ListAgents::watch`](super::ListAgents::watch).
#[derive(Debug)]
pub struct AgentChanges {
    link: Link,
    connection: watch::Receiver<ConnectionState>,
    /// The session at the broker that what is known comes from.
    session: u64,
    missing: Option<Missing>,
    presences: Presences,
    wanted: Wanted,
    agents: BTreeMap<String, Seen>,
    /// Those that were told of as being there.
    joined: BTreeMap<String, AgentCard>,
    waiting: VecDeque<AgentChange>,
}

/// Those that nothing was heard of since the broker began a new session.
#[derive(Debug)]
struct Missing {
    agents: BTreeSet<String>,
    until: Instant,
}

impl AgentChanges {
    pub(super) fn new(
        link: Link,
        connection: watch::Receiver<ConnectionState>,
        session: u64,
        presences: Presences,
        wanted: Wanted,
    ) -> Self {
        Self {
            link,
            connection,
            session,
            missing: None,
            presences,
            wanted,
            agents: BTreeMap::new(),
            joined: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// The next change; `None` when the connection was closed. Cancel safe: no change is lost.
    pub async fn next(&mut self) -> Option<AgentChange> {
        loop {
            if let Some(change) = self.waiting.pop_front() {
                return Some(change);
            }
            let until = self.missing.as_ref().map(|missing| missing.until);
            tokio::select! {
                // In this order: what comes in after a new session has begun is never taken for something older.
                biased;
                changed = self.connection.changed() => {
                    changed.ok()?;
                    self.connected();
                }
                agent = self.presences.next(&mut self.agents) => {
                    let agent = agent?;
                    if let Some(missing) = &mut self.missing {
                        missing.agents.remove(&agent);
                    }
                    let change = self.change(agent);
                    self.waiting.extend(change);
                }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => self.forget(),
            }
        }
    }

    /// A new session may be that of a broker that lost what it had retained: what it has comes in again.
    fn connected(&mut self) {
        let session = self.link.session();
        if self.session != session && self.connection.borrow().is_connected() {
            self.session = session;
            let agents = self.agents.keys().cloned().collect();
            self.missing = Some(Missing { agents, until: Instant::now() + RETURN });
        }
    }

    /// Those that did not come back have left.
    fn forget(&mut self) {
        for agent in self.missing.take().into_iter().flat_map(|missing| missing.agents) {
            self.agents.insert(agent.clone(), Seen::default());
            let change = self.change(agent);
            self.waiting.extend(change);
        }
    }

    fn change(&mut self, agent: String) -> Option<AgentChange> {
        let seen = self.agents.get(&agent)?;
        let now = seen.card().filter(|card| seen.is_online() && self.wanted.fits(card));
        if seen.card.is_none() && seen.status.is_none() {
            self.agents.remove(&agent);
        }
        match (self.joined.get(&agent), now) {
            (None, None) => None,
            (None, Some(card)) => {
                self.joined.insert(agent, card.clone());
                Some(AgentChange::Joined(card))
            }
            (Some(_), None) => {
                self.joined.remove(&agent);
                Some(AgentChange::Left(agent))
            }
            (Some(known), Some(card)) => {
                let same = AgentCard { last_seen: known.last_seen.clone(), ..card.clone() } == *known;
                self.joined.insert(agent, card.clone());
                (!same).then_some(AgentChange::Changed(card))
            }
        }
    }
}
