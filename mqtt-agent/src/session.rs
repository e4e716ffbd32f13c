//! One connection as its users see it: its identity, the pending calls, and the delegated tasks. It does not know the
//! servers of the profiles.
//!
//! - [`scope`]: what a call inherits from the handler that makes it
//! - [`pending`], [`cancels`], [`windows`], [`seen`], [`tool_servers`]: calls of tools
//! - [`delegations`], [`result_listener`], [`queries`]: tasks of agents

mod cancels;
mod delegate_error;
mod delegations;
mod pending;
mod queries;
mod result_listener;
mod scope;
mod seen;
mod tool_servers;
mod window;
mod windows;

pub use delegate_error::DelegateError;
pub(crate) use delegate_error::outcome;
pub(crate) use delegations::{Delegation, Delegations, Names, Sending, Unread, Waiting};
pub(crate) use pending::Answer;
pub(crate) use scope::{Scope, SessionHandle};
pub(crate) use seen::LOOK;
pub(crate) use windows::{Ending, Full, Place, ToolWindow, Windows};

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryFutureExt;
use tokio::time::{Instant, timeout};

use crate::discover::{DiscoverError, ReceiverCard, ReceiverCards, SMALL};
use crate::link::{Filter, Link, Message, MessageHandler, SubscribeError, Subscription};
use crate::once::Once;
use crate::store::{Retention, TaskStore};
use crate::wire::{Identifier, Namespace};
use cancels::Cancels;
use pending::Pending;
use queries::Queries;
use result_listener::{NotReceiving, Receiving};
use seen::Seen;
use tool_servers::ToolServers;

/// How long the card of an agent is looked for: then it counts as an agent without a card.
const CARD: Duration = Duration::from_secs(2);

/// One connection, its names and its books. All clones of a client share it.
#[derive(Debug)]
pub(crate) struct Session {
    link: Link,
    namespace: Namespace,
    id: Identifier,
    timeout: Duration,
    pending: Arc<Pending>,
    seen: Seen,
    seen_agents: Seen,
    tool_servers: ToolServers,
    receiver_cards: Arc<ReceiverCards>,
    windows: Windows,
    cancels: Cancels,
    // Made with the first call: an agent that never calls needs no right to receive answers.
    responses: Once<Arc<Subscription>, SubscribeError>,
    delegations: Arc<Delegations>,
    queries: Arc<Queries>,
    // Made with the first task that is asked for, or at once with a durable store.
    results: Once<Arc<Receiving>, NotReceiving>,
    // What of the delegated tasks is removed; `None` where an agent with the same store removes it.
    retention: Option<Retention>,
}

impl Session {
    pub(crate) fn new(
        link: Link,
        namespace: Namespace,
        id: Identifier,
        timeout: Duration,
        store: Arc<dyn TaskStore>,
        retention: Option<Retention>,
    ) -> Self {
        Self {
            link,
            namespace,
            id,
            timeout,
            pending: Arc::default(),
            seen: Seen::default(),
            seen_agents: Seen::default(),
            tool_servers: ToolServers::default(),
            receiver_cards: Arc::default(),
            windows: Windows::default(),
            cancels: Cancels::default(),
            responses: Once::default(),
            delegations: Arc::new(Delegations::new(store)),
            queries: Arc::default(),
            results: Once::default(),
            retention,
        }
    }

    /// Another identity's session on the same connection, for whom this process calls. Its claims, its reply topic and
    /// what it waits for are its own; the broker's rules decide whether this connection may use them (`SUB-7`). Its
    /// topics are unsubscribed when it is dropped.
    #[cfg(feature = "mcp-stdio")]
    pub(crate) fn of_caller(&self, id: Identifier) -> Self {
        let store: Arc<dyn TaskStore> = Arc::new(crate::store::MemoryStore::new());
        Self {
            receiver_cards: Arc::clone(&self.receiver_cards),
            ..Self::new(
                self.link.clone(),
                self.namespace.clone(),
                id,
                self.timeout,
                store,
                Some(Retention::default()),
            )
        }
    }

    /// Ends the connection, and with it the calls that still wait for an answer.
    pub(crate) async fn close(&self, within: Duration) {
        self.cancels.hand_over();
        self.link.close(within).await;
        self.pending.end();
        self.delegations.close();
        let kept = timeout(within, self.delegations.kept()).await;
        self.delegations.end();
        if kept.and(timeout(within, self.delegations.ended_all()).await).is_err() {
            crate::log::warn!("failed to store in time what became of the tasks that were asked for");
        }
    }

    /// Ends every wait for an answer or a result.
    pub(crate) fn end(&self) {
        self.pending.end();
        self.delegations.end();
    }

    pub(crate) fn delegations(&self) -> &Delegations {
        &self.delegations
    }

    /// Questions where tasks are.
    pub(crate) fn queries(&self) -> &Arc<Queries> {
        &self.queries
    }

    /// Subscribes the topics that results come to, once.
    pub(crate) async fn receive_results(&self) -> Result<Arc<Receiving>, DelegateError> {
        let start = || {
            let (link, namespace, id) = (self.link.clone(), self.namespace.clone(), self.id.clone());
            let (delegations, queries) = (Arc::clone(&self.delegations), Arc::clone(&self.queries));
            let (cards, retention) = (Arc::clone(&self.receiver_cards), self.retention.clone());
            let started = Receiving::start(link, namespace, id, delegations, queries, cards, retention);
            started.map_ok(Arc::new)
        };
        Ok(self.results.get_or_try_init(start).await?)
    }

    /// The same where a program goes on without them: what fails is told, and made up for by the next task.
    pub(crate) async fn take_up_results(&self, within: Duration) {
        let granted = timeout(within, self.receive_results()).await;
        self.took_up_results(granted.ok());
    }

    /// What became of the results of an earlier process; `None`: it took too long.
    pub(crate) fn took_up_results(&self, granted: Option<Result<Arc<Receiving>, DelegateError>>) {
        match granted {
            Some(Ok(_)) => return,
            Some(Err(error)) => {
                crate::log::warn!(%error, "failed to take up the tasks of an earlier process; this is tried again with the next \
                    task and by `Client::results`, and agents then send their results again");
            }
            None => {
                crate::log::warn!(
                    "failed to take up the tasks of an earlier process: the store or the broker did \
                    not answer in time; this is tried again with the next task and by `Client::results`, and agents then send \
                    their results again"
                );
            }
        }
        self.delegations.miss_results();
    }

    /// The same, and who comes online, once.
    pub(crate) async fn watch_agents(&self) -> Result<Arc<Receiving>, DelegateError> {
        let receiving = self.receive_results().await?;
        receiving.watch(&self.link, &self.namespace).await;
        Ok(receiving)
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    pub(crate) fn id(&self) -> &Identifier {
        &self.id
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    pub(crate) fn seen_agents(&self) -> &Seen {
        &self.seen_agents
    }

    pub(crate) fn tool_servers(&self) -> &ToolServers {
        &self.tool_servers
    }

    /// Holds a large message to what its receiver's card says (`SUB-14`).
    pub(crate) async fn for_receiver(&self, message: Message, card: String) -> Message {
        if message.payload.len() <= SMALL {
            return message;
        }
        message.for_receiver(self.receiver_limit(card).await)
    }

    /// The largest message that a receiver takes, as its card says.
    pub(crate) async fn receiver_limit(&self, card: String) -> Option<u64> {
        self.receiver_card(card).await?.max_message_bytes
    }

    /// What a receiver takes, as its card says; `None` where there is no card that can be read.
    async fn receiver_card(&self, card: String) -> Option<ReceiverCard> {
        self.receiver_cards.of(&self.link, card).await
    }

    /// What an agent takes, as the card of the first of `agents` says that has one: [`ReceiverCards::of_some`].
    pub(crate) async fn agent_card(
        &self,
        agents: impl Fn() -> Vec<Arc<str>>,
        is_enough: impl Fn() -> bool,
        within: Duration,
    ) -> Result<Option<ReceiverCard>, DelegateError> {
        let began = Instant::now();
        let topic = |agent: Arc<str>| {
            let topic = self.namespace.agent_card(&agent);
            (agent, topic)
        };
        let agents_and_topics = || agents().into_iter().map(topic).collect();
        let cards = self.receiver_cards.of_some(&self.link, agents_and_topics, is_enough, within.min(CARD));
        let card = tokio::select! {
            card = cards => card,
            () = self.delegations.closed.cancelled() => return Err(DelegateError::Abandoned),
        };
        card.map_err(|error| match error {
            DiscoverError::Subscribe(error) => DelegateError::Subscribe(error),
            // The broker does not answer.
            _ => {
                let agent = agents().first().map(ToString::to_string).unwrap_or_default();
                DelegateError::Unanswered { agent, after: began.elapsed() }
            }
        })
    }

    pub(crate) fn pending(&self) -> &Arc<Pending> {
        &self.pending
    }

    pub(crate) fn cancels(&self) -> &Cancels {
        &self.cancels
    }

    /// The windows of the calls that are made outside of handlers.
    pub(crate) fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Whether the topic is subscribed that answers come to.
    pub(crate) fn receives_responses(&self) -> bool {
        self.responses.get().is_some()
    }

    /// Subscribes it, once.
    pub(crate) async fn receive_responses(&self) -> Result<(), SubscribeError> {
        let subscribe = || {
            let filter = Filter::new(self.namespace.responses(self.id.as_str()));
            let (link, pending) = (self.link.clone(), Arc::clone(&self.pending));
            let handler = MessageHandler::awaited(move |inbound| pending.receive(inbound));
            async move { link.subscribe_one(filter, handler).await.map(Arc::new) }
        };
        self.responses.get_or_try_init(subscribe).await.map(drop)
    }
}
