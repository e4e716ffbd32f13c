//! An agent's card and status: retained, published again at each connect, and set to offline when it stops (`A2A-1` to
//! `A2A-5`, `A2A-15`).

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::link::{Link, Message};
use crate::serve::Retained;
use crate::wire::{AgentCard, AgentStatus, Namespace, Status, now_rfc3339};

/// How long the broker may take to acknowledge the offline card and status.
const ACKNOWLEDGE: Duration = Duration::from_secs(5);

/// The card and the status of an agent.
#[derive(Debug, Clone)]
pub(crate) struct Presence {
    namespace: Namespace,
    card: AgentCard,
}

impl Presence {
    pub(crate) fn new(namespace: Namespace, card: AgentCard) -> Self {
        Self { namespace, card }
    }

    pub(crate) fn card(&self) -> &AgentCard {
        &self.card
    }

    /// Sets the maximum message size on the card (`SUB-14`).
    pub(crate) fn accept(&mut self, max_message_bytes: u32) {
        self.card.max_message_bytes = Some(u64::from(max_message_bytes));
    }

    /// The Will: only the status, because a Will cannot change the retained card too (`A2A-3`).
    pub(crate) fn status_offline(&self) -> Message {
        self.status(Status::Offline)
    }

    /// Like `announce`, for an agent that resumes the session of an earlier process but has none of its tasks: it first
    /// publishes offline, in case the Will was not sent. So delegators know that their tasks are lost (`A2A-14`).
    pub(super) async fn announce_anew(&self, link: &Link) -> Result<()> {
        let offline = link.enqueue(self.status(Status::Offline)).await?;
        self.announce(link).await?;
        offline.await?;
        Ok(())
    }

    /// Publishes the card, then the status (`A2A-1`), in this order.
    pub(super) async fn announce(&self, link: &Link) -> Result<()> {
        let card = link.enqueue(self.card_online()).await?;
        let status = link.enqueue(self.status(Status::Online)).await?;
        card.await?;
        status.await?;
        Ok(())
    }

    /// The messages that the broker has to retain while the agent serves.
    pub(super) fn retained(self: &Arc<Self>) -> [Retained; 2] {
        let id = &self.card.agent_id;
        let (card, status) = (Arc::clone(self), Arc::clone(self));
        [
            Retained::new(self.namespace.agent_card(id), move || Some(card.card_online())),
            Retained::new(self.namespace.agent_status(id), move || Some(status.status(Status::Online))),
        ]
    }

    /// Publishes the card, then the status, both offline, and waits for both acknowledgements (`A2A-15`).
    pub(super) async fn retire(&self, link: &Link) {
        let offline = async {
            // Both are queued before the first answer is awaited, and stay queued when the wait is given up.
            let card = link.enqueue(self.card_message(Status::Offline)).await?;
            let status = link.enqueue(self.status(Status::Offline)).await?;
            card.await?;
            status.await
        };
        match link.attend(ACKNOWLEDGE, offline).await {
            Some(Ok(_)) => {}
            Some(Err(error)) => crate::log::warn!(%error, "failed to mark the agent offline"),
            None => crate::log::warn!("failed to mark the agent offline: the broker did not acknowledge it"),
        }
    }

    /// The card online, as it is first published.
    pub(crate) fn card_online(&self) -> Message {
        self.card_message(Status::Online)
    }

    fn card_message(&self, status: Status) -> Message {
        let card = AgentCard { status, last_seen: now_rfc3339(), ..self.card.clone() };
        Message::json(self.namespace.agent_card(&card.agent_id), card.to_bytes()).retained()
    }

    fn status(&self, status: Status) -> Message {
        let id = &self.card.agent_id;
        Message::json(self.namespace.agent_status(id), AgentStatus::new(id, status).to_bytes()).retained()
    }
}
