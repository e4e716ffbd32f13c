//! Finding tools and servers by their retained cards (`MCP-11`).
//!
//! A list subscribes the wildcard and collects for a window of time, for MQTT has no end of the retained messages; a
//! single card is subscribed by its exact topic and needs no wildcard right. Each look-up has its own subscription, so
//! any number run at once.

use std::collections::{BTreeMap, BTreeSet};
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::client::Core;
use crate::deadline;
use crate::link::{Filter, Inbound, MessageHandler, SubscribeError, Subscription};
use crate::wire::{AgentStatus, CardError, Identifier, IdentifierError, ServerCard, Status, ToolCard};

/// How long cards are collected when nothing else is said; the specification says 1 to 3 s.
const WINDOW: Duration = Duration::from_secs(1);

/// How long retained statuses may take to come.
const QUIET: Duration = Duration::from_millis(250);

/// How long the broker may take to grant a subscription.
const GRANT: Duration = Duration::from_secs(10);

/// Cards that wait for the task that reads them. Unread QoS 1 messages are not acknowledged, so a broker that keeps to
/// Receive Maximum never fills it; what comes beyond is dropped with a warning.
const BUFFER: usize = 4096;

/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The broker did not grant the subscription.
    #[error("cards could not be received: {0}")]
    Subscribe(#[from] SubscribeError),
    /// The broker did not answer.
    #[error("the broker did not grant the subscription within {0:?}; is the connection up?")]
    Timeout(Duration),
    /// What was looked for is no name.
    #[error("the name: {0}")]
    InvalidName(#[from] IdentifierError),
}

/// Cards as they come in by one subscription, for as long as it is held.
struct Cards {
    inbox: mpsc::Receiver<Inbound>,
    _subscription: Subscription,
}

impl Cards {
    async fn subscribe(core: &Core, topic: String) -> Result<Self, DiscoverError> {
        let (sender, inbox) = mpsc::channel(BUFFER);
        let sink = MessageHandler::in_memory(move |inbound: Inbound| {
            if let Err(mpsc::error::TrySendError::Full(inbound)) = sender.try_send(inbound) {
                tracing::warn!(
                    topic = inbound.topic(),
                    "a card was dropped: more came in than could be read"
                );
            }
        });
        let subscribe = core.link().subscribe_one(Filter::new(topic), sink);
        let subscription =
            tokio::time::timeout(GRANT, subscribe).await.map_err(|_| DiscoverError::Timeout(GRANT))??;
        Ok(Self { inbox, _subscription: subscription })
    }

    /// The next card before the deadline: its topic level, and the card or `None` where it was removed.
    /// Retained garbage is logged and passed over (`SUB-11`).
    async fn next<C: Card>(&mut self, deadline: Instant) -> Option<(String, Option<C>)> {
        loop {
            let inbound = timeout_at(deadline, self.inbox.recv()).await.ok()??;
            // `…/{name}/card`
            let Some(name) = inbound.topic().rsplit('/').nth(1) else { continue };
            match C::read(name, &inbound.payload) {
                Ok(card) => return Some((name.to_owned(), card)),
                Err(error) => tracing::warn!(topic = inbound.topic(), %error, "a card was ignored"),
            }
        }
    }

    async fn collect<C: Card>(mut self, core: &Core, window: Duration) -> Vec<C> {
        let deadline = deadline::within(window).into();
        let mut cards = BTreeMap::new();
        while let Some((name, card)) = self.next::<C>(deadline).await {
            match card {
                Some(card) => cards.insert(name, card),
                None => cards.remove(&name),
            };
        }
        let mut cards: Vec<C> = cards.into_values().collect();
        ask_agents(core, &mut cards).await;
        cards.retain(|card| card.status() == Status::Online);
        cards
    }
}

/// The two kinds of card.
trait Card: Sized {
    fn read(name: &str, payload: &[u8]) -> Result<Option<Self>, CardError>;
    fn status(&self) -> Status;

    /// The agent whose status decides, of a card that is no more than online itself.
    fn agent(&self) -> Option<&str> {
        None
    }

    fn set_offline(&mut self) {}
}

impl Card for ToolCard {
    fn read(name: &str, payload: &[u8]) -> Result<Option<Self>, CardError> {
        ToolCard::read(name, payload)
    }

    fn status(&self) -> Status {
        self.status
    }
}

impl Card for ServerCard {
    fn read(name: &str, payload: &[u8]) -> Result<Option<Self>, CardError> {
        ServerCard::read(name, payload)
    }

    fn status(&self) -> Status {
        self.status
    }

    fn agent(&self) -> Option<&str> {
        self.agent_id.as_deref().filter(|_| self.status == Status::Online)
    }

    fn set_offline(&mut self) {
        self.status = Status::Offline;
    }
}

/// Marks offline what belongs to agents that are offline (`MCP-19`): after a crash only their status says so. Of an agent
/// without a status, or of one that we may not see, the card counts.
async fn ask_agents<C: Card>(core: &Core, cards: &mut [C]) {
    let agents: BTreeSet<_> = cards.iter().filter_map(Card::agent).map(str::to_owned).collect();
    let agents: Vec<_> = agents.into_iter().filter(|agent| Identifier::parse(agent).is_ok()).collect();
    let mut wanted = agents.len();
    let filters = agents.iter().map(|agent| Filter::new(core.namespace().agent_status(agent))).collect();
    let (sender, mut inbox) = mpsc::channel(BUFFER);
    let sink = MessageHandler::in_memory(move |inbound: Inbound| drop(sender.try_send(inbound)));
    let Ok(granted) = tokio::time::timeout(GRANT, core.link().subscribe(filters, sink)).await else { return };
    wanted -= granted.iter().filter(|granted| granted.is_err()).count();
    let until = Instant::now() + QUIET;
    let mut statuses = BTreeMap::new();
    while statuses.len() < wanted {
        let Ok(Some(inbound)) = timeout_at(until, inbox.recv()).await else { break };
        if let (Some(agent), Ok(status)) =
            (inbound.topic().rsplit('/').nth(1), AgentStatus::read(&inbound.payload))
        {
            statuses.insert(agent.to_owned(), status.map(|status| status.status));
        }
    }
    for card in cards {
        let offline = card.agent().and_then(|agent| statuses.get(agent)) == Some(&Some(Status::Offline));
        if offline {
            card.set_offline();
        }
    }
}

async fn list<C: Card>(core: &Core, topic: String, window: Duration) -> Result<Vec<C>, DiscoverError> {
    Ok(Cards::subscribe(core, topic).await?.collect(core, window).await)
}

async fn find<C: Card>(core: &Core, topic: String, within: Duration) -> Result<Option<C>, DiscoverError> {
    let mut cards = Cards::subscribe(core, topic).await?;
    let found = cards.next::<C>(deadline::within(within).into()).await;
    let mut found: Vec<C> = found.and_then(|(_, card)| card).into_iter().collect();
    ask_agents(core, &mut found).await;
    Ok(found.pop())
}

type Lookup<T> = Pin<Box<dyn Future<Output = Result<T, DiscoverError>> + Send>>;

macro_rules! lists {
    ($(#[$doc:meta])* $name:ident of $card:ty, $topic:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "a look-up is made when it is awaited"]
        pub struct $name {
            core: Arc<Core>,
            window: Duration,
        }

        impl $name {
            pub(crate) fn new(core: Arc<Core>) -> Self {
                Self { core, window: WINDOW }
            }

            /// How long cards are collected. Default: 1 s; on a far or busy broker up to 3 s are usual.
            pub fn window(mut self, window: Duration) -> Self {
                self.window = window;
                self
            }
        }

        impl IntoFuture for $name {
            type Output = Result<Vec<$card>, DiscoverError>;
            type IntoFuture = Lookup<Vec<$card>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move { list(&self.core, self.core.namespace().$topic(), self.window).await })
            }
        }
    };
}

macro_rules! finds {
    ($(#[$doc:meta])* $name:ident of $card:ty, $topic:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "a look-up is made when it is awaited"]
        pub struct $name {
            core: Arc<Core>,
            name: String,
            within: Duration,
        }

        impl $name {
            pub(crate) fn new(core: Arc<Core>, name: String) -> Self {
                Self { core, name, within: WINDOW }
            }

            /// How long to wait for the card. Default: 1 s. A card that is there comes at once.
            pub fn within(mut self, within: Duration) -> Self {
                self.within = within;
                self
            }
        }

        impl IntoFuture for $name {
            type Output = Result<Option<$card>, DiscoverError>;
            type IntoFuture = Lookup<Option<$card>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move {
                    Identifier::parse(&self.name)?;
                    find(&self.core, self.core.namespace().$topic(&self.name), self.within).await
                })
            }
        }
    };
}

lists! {
    /// Lists the tools whose card says that they are online, by name; see [`Client::tools`](crate::Client::tools).
    ///
    /// A card is a hint (`MCP-13`): a crashed server's tools stay listed, and a tool that is not listed may answer.
    ListTools of ToolCard, tool_cards
}

lists! {
    /// Lists the servers whose card says that they are online, by id; see [`Client::servers`](crate::Client::servers).
    ListServers of ServerCard, server_cards
}

finds! {
    /// Looks up one tool's card, online or not; `None` when there is none. See [`Client::tool`](crate::Client::tool).
    FindTool of ToolCard, tool_card
}

finds! {
    /// Looks up one server's card, online or not; `None` when there is none. See [`Client::server`](crate::Client::server).
    FindServer of ServerCard, server_card
}
