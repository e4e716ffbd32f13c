//! Finding agents by their retained cards and statuses: a list, and a single one. The stream of changes is in [`changes`].

mod changes;

pub use changes::{AgentChange, AgentChanges};

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::client::{Client, Core};
use crate::deadline;
use crate::link::{Filter, Inbound, MessageHandler, Subscription};
use crate::mcp::DiscoverError;
use crate::wire::{AgentCard, AgentStatus, Identifier, Status};

/// How long cards are collected when nothing else is said.
const WINDOW: Duration = Duration::from_secs(1);

/// How long a status may take to come after its card; an agent of another make may have none.
const QUIET: Duration = Duration::from_millis(250);

/// How long the broker may take to grant the subscriptions.
const GRANT: Duration = Duration::from_secs(10);

/// Messages that wait to be read; what comes beyond is dropped with a warning.
const BUFFER: usize = 4096;

/// What is known of one agent.
#[derive(Debug, Default)]
struct Seen {
    card: Option<AgentCard>,
    status: Option<Status>,
}

impl Seen {
    /// Whether it is there: its status says so, or where it has none its card (`A2A-3`).
    fn is_online(&self) -> bool {
        let card = self.card.as_ref().map(|card| card.status);
        self.card.is_some() && self.status.or(card) == Some(Status::Online)
    }

    /// The card, with its status as it is.
    fn card(&self) -> Option<AgentCard> {
        let card = self.card.clone()?;
        Some(AgentCard { status: self.status.unwrap_or(card.status), ..card })
    }
}

/// Cards and statuses as they come in, for as long as the subscriptions are held.
#[derive(Debug)]
struct Presences {
    inbox: mpsc::Receiver<Inbound>,
    _subscriptions: Vec<Subscription>,
}

impl Presences {
    async fn subscribe(core: &Core, card: String, status: String) -> Result<Self, DiscoverError> {
        let (sender, inbox) = mpsc::channel(BUFFER);
        let sink = MessageHandler::in_memory(move |inbound: Inbound| {
            if let Err(mpsc::error::TrySendError::Full(inbound)) = sender.try_send(inbound) {
                let topic = inbound.topic();
                tracing::warn!(topic, "a card or a status was dropped: more came in than could be read");
            }
        });
        let subscribe = core.link().subscribe(vec![Filter::new(status), Filter::new(card)], sink);
        let granted = timeout(GRANT, subscribe).await.map_err(|_| DiscoverError::Timeout(GRANT))?;
        let subscriptions = granted.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Self { inbox, _subscriptions: subscriptions })
    }

    /// Enters the next message, and tells whose it was. Retained garbage is logged and passed over (`SUB-11`).
    async fn next(&mut self, agents: &mut BTreeMap<String, Seen>) -> Option<String> {
        loop {
            let inbound = self.inbox.recv().await?;
            let topic = inbound.topic();
            let mut levels = topic.rsplit('/');
            let (Some(kind), Some(agent)) = (levels.next(), levels.next()) else { continue };
            match kind {
                "card" => match AgentCard::read(agent, &inbound.payload) {
                    Ok(card) => agents.entry(agent.to_owned()).or_default().card = card,
                    Err(error) => {
                        tracing::warn!(topic, %error, "a card was ignored");
                        continue;
                    }
                },
                _ => match AgentStatus::read(&inbound.payload) {
                    Ok(status) => {
                        agents.entry(agent.to_owned()).or_default().status =
                            status.map(|status| status.status);
                    }
                    Err(error) => {
                        tracing::warn!(topic, %error, "a status was ignored");
                        continue;
                    }
                },
            }
            return Some(agent.to_owned());
        }
    }
}

/// Which agents are wanted.
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

/// Lists the agents that are online, by id; made by [`Client::agents`]. Await it, or [`watch`](Self::watch).
#[derive(Debug)]
#[must_use = "a look-up is made when it is awaited or watched"]
pub struct ListAgents {
    core: Arc<Core>,
    window: Duration,
    wanted: Wanted,
}

impl ListAgents {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core, window: WINDOW, wanted: Wanted::default() }
    }

    /// How long cards are collected. Default: 1 s; on a far or busy broker up to 3 s are usual.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Only agents that name this capability.
    pub fn capability(mut self, capability: impl Into<String>) -> Self {
        self.wanted.capability = Some(capability.into());
        self
    }

    /// Only agents with this tag, or with a skill that has it.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.wanted.tag = Some(tag.into());
        self
    }

    /// Only agents with this skill.
    pub fn skill(mut self, id: impl Into<String>) -> Self {
        self.wanted.skill = Some(id.into());
        self
    }

    /// Who joins, leaves and changes, from now on. Those that are there already join first. A crashed agent leaves after
    /// its Will Delay (`SUB-9`); one that is back by then never left. One that the broker has forgotten, as in a restart
    /// without persistence, leaves when it is not back within 10 s.
    ///
    /// # Errors
    ///
    /// [`DiscoverError`] when the broker does not grant the subscriptions.
    pub async fn watch(self) -> Result<AgentChanges, DiscoverError> {
        let link = self.core.link().clone();
        // Before: what comes in from now on is of this session or a later one.
        let (connection, session) = (link.state(), link.session());
        let presences = self.subscribe().await?;
        Ok(AgentChanges::new(link, connection, session, presences, self.wanted))
    }

    async fn subscribe(&self) -> Result<Presences, DiscoverError> {
        let namespace = self.core.namespace();
        Presences::subscribe(&self.core, namespace.agent_cards(), namespace.agent_statuses()).await
    }

    async fn collect(self) -> Result<Vec<AgentCard>, DiscoverError> {
        let mut presences = self.subscribe().await?;
        let until: Instant = deadline::within(self.window).into();
        let mut agents = BTreeMap::new();
        while let Ok(Some(_)) = timeout_at(until, presences.next(&mut agents)).await {}
        let online = agents.values().filter(|seen| seen.is_online()).filter_map(Seen::card);
        Ok(online.filter(|card| self.wanted.fits(card)).collect())
    }
}

impl IntoFuture for ListAgents {
    type Output = Result<Vec<AgentCard>, DiscoverError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.collect())
    }
}

/// Looks up one agent, online or not; `None` when there is none. Made by [`Client::agent`].
#[derive(Debug)]
#[must_use = "a look-up is made when it is awaited"]
pub struct FindAgent {
    core: Arc<Core>,
    id: String,
    within: Duration,
}

impl FindAgent {
    pub(crate) fn new(core: Arc<Core>, id: String) -> Self {
        Self { core, id, within: WINDOW }
    }

    /// How long to wait for the card. Default: 1 s. A card that is there comes at once.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    async fn find(self) -> Result<Option<AgentCard>, DiscoverError> {
        Identifier::parse(&self.id)?;
        let namespace = self.core.namespace();
        let (card, status) = (namespace.agent_card(&self.id), namespace.agent_status(&self.id));
        let mut presences = Presences::subscribe(&self.core, card, status).await?;
        let mut until: Instant = deadline::within(self.within).into();
        let mut agents = BTreeMap::new();
        while let Ok(Some(_)) = timeout_at(until, presences.next(&mut agents)).await {
            let Some(Seen { card: Some(_), status }) = agents.get(&self.id) else { continue };
            if status.is_some() {
                break;
            }
            until = until.min(Instant::now() + QUIET);
        }
        Ok(agents.get(&self.id).and_then(Seen::card))
    }
}

impl IntoFuture for FindAgent {
    type Output = Result<Option<AgentCard>, DiscoverError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}

impl Client {
    /// The agents that are online (`A2A-3`): collects cards and statuses for one second, or
    /// [`window`](ListAgents::window); [`watch`](ListAgents::watch) tells of changes.
    pub fn agents(&self) -> ListAgents {
        ListAgents::new(Arc::clone(self.core()))
    }

    /// One agent's card, its status as it is now. Needs no right to a wildcard subscription.
    pub fn agent(&self, id: impl Into<String>) -> FindAgent {
        FindAgent::new(Arc::clone(self.core()), id.into())
    }
}
