//! Finding agents by their retained cards and statuses: a list, or a single agent. The stream of changes is in
//! [`changes`].

mod book;
mod change;
mod changes;
mod complete;
mod known;
mod list;
mod presences;

pub use change::AgentChange;
pub use changes::AgentChanges;

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use crate::discover::{DiscoverError, Listing, Unbroken, WINDOW, once_granted, until_known};
use crate::session::Session;
use crate::wire::{AgentCard, Identifier};
use presences::{Presences, Seen};

/// How long to wait for a status after its card; an agent of another implementation may have none.
const QUIET: Duration = Duration::from_millis(250);

/// The filter of a listing.
#[derive(Debug, Clone, Default)]
struct Wanted {
    capability: Option<String>,
    tag: Option<String>,
    skill: Option<String>,
}

impl Wanted {
    fn fits(&self, card: &AgentCard) -> bool {
        self.capability.as_ref().is_none_or(|capability| card.has_capability(capability))
            && self.tag.as_ref().is_none_or(|tag| card.has_tag(tag))
            && self.skill.as_ref().is_none_or(|skill| card.skill(skill).is_some())
    }
}

/// Lists the agents that are online, sorted by id; made by [`Client::agents`](crate::Client::agents). Await it, or
/// [`watch`](Self::watch).
///
/// Awaiting it gives a complete list, or [`DiscoverError::Incomplete`]; [`partial`](Self::partial) returns what was
/// found and says whether it is complete. Cards are collected for a [`window`](Self::window) of time, which is extended
/// while cards still arrive or are fetched one by one, up to 10 s.
#[derive(Debug)]
#[must_use = "a look-up is made when it is awaited or watched"]
pub struct ListAgents {
    session: Arc<Session>,
    window: Duration,
    wanted: Wanted,
}

impl ListAgents {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, window: WINDOW, wanted: Wanted::default() }
    }

    /// Sets how long cards are collected. Default: 1 s; for a distant or busy broker use up to 3 s.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Lists only agents with this capability.
    pub fn capability(mut self, capability: impl Into<String>) -> Self {
        self.wanted.capability = Some(capability.into());
        self
    }

    /// Lists only agents with this tag, on the agent or on a skill.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.wanted.tag = Some(tag.into());
        self
    }

    /// Lists only agents with this skill.
    pub fn skill(mut self, id: impl Into<String>) -> Self {
        self.wanted.skill = Some(id.into());
        self
    }

    /// Returns what was found, even if the list is not complete.
    ///
    /// # Errors
    ///
    /// [`DiscoverError`] when the broker does not grant the subscription.
    pub async fn partial(self) -> Result<Listing<AgentCard>, DiscoverError> {
        self.boxed().await
    }

    fn boxed(self) -> BoxFuture<'static, Result<Listing<AgentCard>, DiscoverError>> {
        Box::pin(async move { list::list(&self.session, self.window, &self.wanted).await })
    }

    /// Watches which agents join, leave and change. Agents that are online already join first. A crashed agent leaves
    /// after its Will Delay (`SUB-9`), unless it is back by then. If the broker lost its retained messages, as in a
    /// restart without persistence, an agent leaves if it is not back within 10 s.
    ///
    /// It does not have to be read continuously: several changes of an agent are reported as one, and none if the agent
    /// is back in its former state.
    ///
    /// # Errors
    ///
    /// [`DiscoverError`] when the broker does not grant the subscription to cards.
    pub async fn watch(self) -> Result<AgentChanges, DiscoverError> {
        let link = self.session.link().clone();
        // Before: what comes in from now on is of this session or a later one.
        let (connection, session) = (link.state(), link.session());
        let namespace = self.session.namespace();
        let presences =
            Presences::subscribe(&link, namespace.agent_cards(), namespace.agent_statuses(), true).await?;
        Ok(AgentChanges::new(link, namespace.clone(), connection, session, presences, self.wanted))
    }
}

impl IntoFuture for ListAgents {
    type Output = Result<Vec<AgentCard>, DiscoverError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.boxed().await?.complete() })
    }
}

/// Finds one agent, online or not; `None` if there is none. Made by [`Client::agent`](crate::Client::agent).
#[derive(Debug)]
#[must_use = "a look-up is made when it is awaited"]
pub struct FindAgent {
    session: Arc<Session>,
    id: String,
    within: Duration,
}

impl FindAgent {
    pub(crate) fn new(session: Arc<Session>, id: String) -> Self {
        Self { session, id, within: WINDOW }
    }

    /// Sets how long to wait for the card. Default: 1 s. An existing card arrives at once.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    async fn find(self) -> Result<Option<AgentCard>, DiscoverError> {
        Identifier::parse(&self.id)?;
        until_known(self.within, |until| self.look(until)).await
    }

    async fn look(&self, until: Instant) -> Result<Option<AgentCard>, DiscoverError> {
        let (link, unbroken) = (self.session.link(), Unbroken::since_now(self.session.link()));
        let namespace = self.session.namespace();
        let (card, status) = (namespace.agent_card(&self.id), namespace.agent_status(&self.id));
        let presences = Presences::subscribe(link, card, status, false).await?;
        let mut until = once_granted(until);
        let mut seen = Seen::default();
        loop {
            seen.read(namespace, &self.id, &presences);
            if seen.status.is_some() && seen.card.is_some() {
                break;
            }
            if seen.card.is_some() {
                until = until.min(Instant::now() + QUIET);
            }
            if timeout_at(until, presences.arrived()).await.is_err() {
                if seen.card.is_none() {
                    unbroken.or_unknown(link)?;
                }
                break;
            }
        }
        Ok(seen.card())
    }
}

impl IntoFuture for FindAgent {
    type Output = Result<Option<AgentCard>, DiscoverError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}
