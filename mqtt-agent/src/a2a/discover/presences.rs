//! [`Presences`]: the incoming cards and statuses of agents, and [`Seen`]: the card and status of one agent.

use crate::discover::{DiscoverError, Latest, subscribe};
use crate::link::{Link, Subscription};
use crate::log_rate::limited;
use crate::shown::shown;
use crate::wire::{AgentCard, AgentStatus, Namespace, Status};

/// The known card and status of one agent.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) card: Option<AgentCard>,
    pub(super) status: Option<Status>,
}

impl Seen {
    /// Whether the agent is online by its status, or else by its card (`A2A-3`).
    pub(super) fn is_online(&self) -> bool {
        let card = self.card.as_ref().map(|card| card.status);
        self.card.is_some() && self.status.or(card) == Some(Status::Online)
    }

    /// The card, with the current status.
    pub(super) fn card(&self) -> Option<AgentCard> {
        let card = self.card.clone()?;
        Some(AgentCard { status: self.status.unwrap_or(card.status), ..card })
    }

    /// Reads a card; an invalid one is logged and ignored (`SUB-11`).
    pub(super) fn read_card(&mut self, namespace: &Namespace, agent: &str, payload: &[u8]) {
        if let Some(card) = readable(namespace, agent, payload) {
            self.card = card;
        }
    }

    /// Reads a status in the same way.
    pub(super) fn read_status(&mut self, namespace: &Namespace, agent: &str, payload: &[u8]) {
        match AgentStatus::read(payload) {
            Ok(status) => self.status = status.map(|status| status.status),
            Err(error) => {
                limited!(warn, "ignored a status", topic = %shown(&namespace.agent_status(agent)), %error)
            }
        }
    }

    /// Reads the current card and status of an agent.
    pub(super) fn read(&mut self, namespace: &Namespace, agent: &str, presences: &Presences) {
        if let Some(payload) = presences.cards.get(agent) {
            self.read_card(namespace, agent, &payload);
        }
        if let Some(payload) = presences.statuses.get(agent) {
            self.read_status(namespace, agent, &payload);
        }
    }
}

/// A parsed card; `Some(None)` if it was removed. An invalid one is logged and gives `None` (`SUB-11`).
pub(super) fn readable(namespace: &Namespace, agent: &str, payload: &[u8]) -> Option<Option<AgentCard>> {
    match AgentCard::read(agent, payload) {
        Ok(card) => Some(card),
        Err(error) => {
            limited!(warn, "ignored a card", topic = %shown(&namespace.agent_card(agent)), %error);
            None
        }
    }
}

/// The incoming cards and statuses, while the subscriptions are held.
#[derive(Debug)]
pub(super) struct Presences {
    pub(super) cards: Latest,
    pub(super) statuses: Latest,
    _subscriptions: (Subscription, Option<Subscription>),
}

impl Presences {
    /// Subscribes to both; if statuses are denied, only the cards count (`A2A-3`).
    pub(super) async fn subscribe(
        link: &Link,
        card: String,
        status: String,
        watched: bool,
    ) -> Result<Self, DiscoverError> {
        let latest = || if watched { Latest::watched() } else { Latest::new() };
        let (cards, statuses) = (latest(), latest());
        let (status, card) = tokio::join!(subscribe(link, status, &statuses), subscribe(link, card, &cards));
        Ok(Self { cards, statuses, _subscriptions: (card?, permitted(status)?) })
    }

    /// Waits for the next message.
    pub(super) fn arrived(&self) -> impl Future<Output = ()> + use<> {
        let (cards, statuses) = (self.cards.clone(), self.statuses.clone());
        async move {
            tokio::select! {
                () = cards.arrived() => {}
                () = statuses.arrived() => {}
            }
        }
    }
}

/// The result of a subscription that may be denied: `None` if it was.
pub(super) fn permitted<T>(outcome: Result<T, DiscoverError>) -> Result<Option<T>, DiscoverError> {
    match outcome {
        Ok(granted) => Ok(Some(granted)),
        Err(DiscoverError::Subscribe(error)) => {
            crate::log::debug!(%error, "failed to subscribe to the statuses of agents; agents are listed by their cards alone");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
