//! [`Presences`]: cards and statuses of agents as they come in, and [`Seen`]: what they say of one.

use bytes::Bytes;

use crate::discover::{DiscoverError, Latest, subscribe};
use crate::link::{Link, Subscription};
use crate::log_rate::limited;
use crate::shown::shown;
use crate::wire::{AgentCard, AgentStatus, Namespace, Status};

/// What is known of one agent.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) card: Option<AgentCard>,
    pub(super) status: Option<Status>,
}

impl Seen {
    /// Whether it is there: its status says so, or where it has none its card (`A2A-3`).
    pub(super) fn is_online(&self) -> bool {
        let card = self.card.as_ref().map(|card| card.status);
        self.card.is_some() && self.status.or(card) == Some(Status::Online)
    }

    /// The card, with its status as it is.
    pub(super) fn card(&self) -> Option<AgentCard> {
        let card = self.card.clone()?;
        Some(AgentCard { status: self.status.unwrap_or(card.status), ..card })
    }

    /// Takes in a card; retained garbage is logged and passed over (`SUB-11`).
    pub(super) fn read_card(&mut self, namespace: &Namespace, agent: &str, payload: &[u8]) {
        if let Some(card) = readable(namespace, agent, payload) {
            self.card = card;
        }
    }

    /// Takes in a status in the same way.
    pub(super) fn read_status(&mut self, namespace: &Namespace, agent: &str, payload: &[u8]) {
        match AgentStatus::read(payload) {
            Ok(status) => self.status = status.map(|status| status.status),
            Err(error) => {
                limited!(warn, "ignored a status", topic = %shown(&namespace.agent_status(agent)), %error)
            }
        }
    }

    /// Takes in what is there of an agent.
    pub(super) fn read(&mut self, namespace: &Namespace, agent: &str, presences: &Presences) {
        if let Some(payload) = presences.cards.get(agent) {
            self.read_card(namespace, agent, &payload);
        }
        if let Some(payload) = presences.statuses.get(agent) {
            self.read_status(namespace, agent, &payload);
        }
    }
}

/// What a card says, `None` within for one that was removed. One that cannot be read is logged and says nothing (`SUB-11`).
fn readable(namespace: &Namespace, agent: &str, payload: &[u8]) -> Option<Option<AgentCard>> {
    match AgentCard::read(agent, payload) {
        Ok(card) => Some(card),
        Err(error) => {
            limited!(warn, "ignored a card", topic = %shown(&namespace.agent_card(agent)), %error);
            None
        }
    }
}

/// What is known of one agent of many for as long as they are watched: its card stays bytes, those that [`Latest`] has.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// A card that can be read.
    card: Option<Bytes>,
    status: Option<Status>,
}

impl Known {
    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.card.is_none() && self.status.is_none()
    }

    /// Takes in a card; an empty one removes it.
    pub(super) fn take_card(&mut self, namespace: &Namespace, agent: &str, payload: Option<Bytes>) {
        let payload = payload.unwrap_or_default();
        if let Some(card) = readable(namespace, agent, &payload) {
            self.card = card.map(|_| payload);
        }
    }

    /// Takes in a status.
    pub(super) fn take_status(&mut self, namespace: &Namespace, agent: &str, payload: Option<Bytes>) {
        let mut seen = Seen { card: None, status: self.status };
        seen.read_status(namespace, agent, payload.as_deref().unwrap_or_default());
        self.status = seen.status;
    }

    /// What that says.
    pub(super) fn read(&self, agent: &str) -> Seen {
        let read = |payload: &Bytes| AgentCard::read(agent, payload).ok().flatten();
        Seen { card: self.card.as_ref().and_then(read), status: self.status }
    }
}

/// Cards and statuses as they come in, for as long as the subscriptions are held.
#[derive(Debug)]
pub(super) struct Presences {
    pub(super) cards: Latest,
    pub(super) statuses: Latest,
    _subscriptions: (Subscription, Option<Subscription>),
}

impl Presences {
    /// Subscribes both; where statuses are denied the cards alone count (`A2A-3`).
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

/// What a subscription that may be denied gives: `None` where it is.
pub(super) fn permitted<T>(outcome: Result<T, DiscoverError>) -> Result<Option<T>, DiscoverError> {
    match outcome {
        Ok(granted) => Ok(Some(granted)),
        Err(DiscoverError::Subscribe(error)) => {
            crate::log::debug!(%error, "agents are listed by their cards alone");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
