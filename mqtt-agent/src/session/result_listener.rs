//! Receives results, and learns which agents come online: one tokio task for each connection.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use super::delegate_error::DelegateError;
use super::delegations::{Delegations, Lane, Work};
use super::queries::Queries;
use crate::discover::ReceiverCards;
use crate::link::{
    Ack, ConnectionState, Filter, Inbound, Inbox, Link, MessageHandler, RetainHandling, SubscribeError,
    Subscription,
};
use crate::log_rate::limited;
use crate::once::Once;
use crate::shown::shown;
use crate::spawn;
use crate::store::{Retention, StoreError};
use crate::wire::{AgentStatus, DecodeError, Identifier, Namespace, Status, TaskResult};

/// What is done at once of what waits for the store, and of what waits for the connection. More waits in its order.
const AT_ONCE: usize = 256;

/// Messages with results that are not acknowledged yet; more are read when some of them are.
const HELD: usize = 256;

/// How often the book is told that time has passed.
const TICK: Duration = Duration::from_secs(1);

/// How often ended tasks are removed from the store.
const PRUNE: Duration = Duration::from_secs(60);

/// Why no results can be received. All who wait for the same attempt get it.
#[derive(Debug, Clone)]
pub(crate) enum NotReceiving {
    Store(StoreError),
    Denied(SubscribeError),
}

impl From<StoreError> for NotReceiving {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SubscribeError> for NotReceiving {
    fn from(error: SubscribeError) -> Self {
        Self::Denied(error)
    }
}

impl From<NotReceiving> for DelegateError {
    fn from(error: NotReceiving) -> Self {
        match error {
            NotReceiving::Store(error) => error.into(),
            NotReceiving::Denied(error) => error.into(),
        }
    }
}

/// What makes results arrive, for as long as it is held.
pub(crate) struct Receiving {
    handler: MessageHandler,
    results: Option<Subscription>,
    /// Whether results are to be kept for a later process.
    durable: bool,
    /// Made with the first task that is asked for. `None` where the broker does not let us see who is there.
    statuses: Once<Option<Arc<Subscription>>, Infallible>,
    _reader: AbortOnDropHandle<()>,
}

impl Receiving {
    /// Takes up what an earlier process asked for, and subscribes our results. `retention`: where nobody else removes
    /// what is too old from the store.
    pub(crate) async fn start(
        link: Link,
        namespace: Namespace,
        id: Identifier,
        delegations: Arc<Delegations>,
        queries: Arc<Queries>,
        cards: Arc<ReceiverCards>,
        retention: Option<Retention>,
    ) -> Result<Self, NotReceiving> {
        // Before results arrive: each has to find its task.
        let some = delegations.recover().await?;
        let (handler, inbox) = link.inbox("a result");
        let reader = Reader {
            link: link.clone(),
            namespace: namespace.clone(),
            delegations: Arc::clone(&delegations),
            queries,
            cards,
            retention,
        };
        let durable = delegations.store().is_durable();
        // SUB-15: what is retained is no result of a task that is waited for.
        let results =
            Filter::new(namespace.results(id.as_str())).with_retain_handling(RetainHandling::DoNotSend);
        let results = Some(link.subscribe_one(results, handler.clone()).await?);
        // Only then: it sends tasks again, and agents that have ended them answer at once.
        let reader = spawn::owned(reader.run(inbox));
        let receiving = Self { handler, results, durable, statuses: Once::default(), _reader: reader };
        if some {
            receiving.watch(&link, &namespace).await;
        }
        Ok(receiving)
    }

    /// Subscribes everybody's status, once: tasks are sent again to agents that come back.
    pub(crate) async fn watch(&self, link: &Link, namespace: &Namespace) {
        let subscribe = || {
            let statuses = Filter::new(namespace.agent_statuses());
            let (link, handler) = (link.clone(), self.handler.clone());
            async move {
                match link.subscribe_one(statuses, handler).await {
                    Ok(statuses) => Ok(Some(Arc::new(statuses))),
                    Err(error) => {
                        crate::log::info!(%error, "failed to subscribe to the statuses of agents: tasks are not sent again to those that come back");
                        Ok(None)
                    }
                }
            }
        };
        let Ok(_) = self.statuses.get_or_try_init(subscribe).await;
    }

    /// Where a single task's result goes as well (`A2A-7`).
    pub(crate) fn handler(&self) -> MessageHandler {
        self.handler.clone()
    }
}

impl fmt::Debug for Receiving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses = self.statuses.get().and_then(Option::as_ref);
        f.debug_struct("Receiving")
            .field("results", &self.results)
            .field("statuses", &statuses)
            .finish_non_exhaustive()
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        // The connection ends with it; what was not read is left to the session with the reader's inbox.
        let results = self.results.take().filter(|_| self.durable);
        if let Some(results) = results {
            // The broker keeps what comes for the next process.
            results.keep();
        }
    }
}

/// Reads what arrives, and does what the book wants done.
struct Reader {
    link: Link,
    namespace: Namespace,
    delegations: Arc<Delegations>,
    queries: Arc<Queries>,
    cards: Arc<ReceiverCards>,
    retention: Option<Retention>,
}

/// Messages with results and updates that the book has not let go, by their numbers.
#[derive(Default)]
struct Held {
    acks: HashMap<u64, Ack>,
    last: u64,
}

impl Held {
    fn hold(&mut self, ack: Ack) -> u64 {
        self.last += 1;
        self.acks.insert(self.last, ack);
        self.last
    }

    fn acknowledge(&mut self, message: u64) {
        if let Some(ack) = self.acks.remove(&message) {
            // The book says that the store has it, or that nothing of it is to be kept.
            ack.in_memory();
        }
    }
}

impl Reader {
    async fn run(self, mut inbox: Inbox) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut prune = interval(PRUNE);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Apart: what is to be sent waits for as long as the connection is down.
        let mut storing: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
        let mut sending: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
        let mut held = Held::default();
        let mut state = self.link.state();
        state.mark_changed();
        // Once the connection is closed the store still takes what it has not taken. It ends with its handle.
        let (mut is_watched, mut is_open) = (true, true);
        loop {
            while let Some(message) = self.delegations.acknowledged() {
                held.acknowledge(message);
            }
            for (lane, open) in [(Lane::Store, &mut storing), (Lane::Wire, &mut sending)] {
                while open.len() < AT_ONCE
                    && let Some(work) = self.delegations.next_work(lane)
                {
                    open.push(Box::pin(self.work(work)));
                }
            }
            tokio::select! {
                biased;
                Some(()) = storing.next(), if !storing.is_empty() => {}
                Some(()) = sending.next(), if !sending.is_empty() => {}
                () = self.delegations.work() => {}
                changed = state.changed(), if is_watched => {
                    let now: ConnectionState = state.borrow_and_update().clone();
                    self.delegations.connection(&now, &self.link);
                    is_watched = changed.is_ok();
                }
                message = inbox.recv(), if is_open && held.acks.len() < HELD => match message {
                    Some((inbound, ack)) => self.take(&inbound, ack.or_leave(), &mut held),
                    None => is_open = false,
                },
                _ = tick.tick() => self.delegations.tick(),
                _ = prune.tick() => storing.push(Box::pin(self.prune())),
            }
        }
    }

    async fn work(&self, work: Work) {
        self.delegations.run(work, &self.link, &self.namespace, &self.cards).await;
    }

    /// Takes one message. One with a task's end is acknowledged when that is stored.
    fn take(&self, inbound: &Inbound, ack: Ack, held: &mut Held) {
        let topic = inbound.topic();
        if topic.ends_with("/status") {
            self.status(topic, inbound);
        } else if inbound.retain {
            limited!(warn, "dropped a retained result: results must not be retained", topic = %shown(topic));
        } else if !self.queries.receive(inbound) {
            match TaskResult::read(&inbound.payload) {
                Ok(result) => return self.receive(inbound, result, held.hold(ack)),
                Err(error) => {
                    limited!(warn, "failed to read a result", topic = %shown(topic), %error);
                    if let Some(result) = self.unreadable(inbound, &error) {
                        return self.receive(inbound, result, held.hold(ack));
                    }
                }
            }
        }
        ack.in_memory();
    }

    /// What stands for a result that cannot be read, where it says of which task it is.
    fn unreadable(&self, inbound: &Inbound, error: &DecodeError) -> Option<TaskResult> {
        let correlation = inbound.properties.correlation_data.as_deref();
        let correlated = correlation.and_then(|id| std::str::from_utf8(id).ok());
        let level = || inbound.topic().strip_suffix("/result").and_then(|topic| topic.rsplit('/').next());
        TaskResult::unreadable(correlated.or_else(level), &inbound.payload, error)
    }

    fn status(&self, topic: &str, inbound: &Inbound) {
        let Some(agent) = agent_of(topic) else {
            return crate::log::debug!("ignored a status whose topic has no valid name");
        };
        match AgentStatus::read(&inbound.payload) {
            Ok(Some(status)) if status.status == Status::Online => {
                self.delegations.online(agent, inbound.retain);
            }
            Ok(_) => self.delegations.offline(agent),
            Err(error) => limited!(warn, "ignored a status", topic = %shown(topic), %error),
        }
    }

    /// A result or an update. One that names nobody counts where it names the task by more than its id (`A2A-11`).
    fn receive(&self, inbound: &Inbound, result: TaskResult, message: u64) {
        let id = result.task_id.as_str();
        let correlated = inbound.properties.correlation_data.as_deref() == Some(id.as_bytes());
        let proven = correlated || inbound.topic() == self.namespace.task_result(id);
        self.delegations.heard(result, proven, inbound.is_again, message);
    }

    async fn prune(&self) {
        let Some(retention) = &self.retention else { return };
        match self.delegations.store().prune(retention).await {
            Ok(0) => {}
            Ok(tasks) => crate::log::debug!(tasks, "removed ended tasks from the store"),
            Err(error) => crate::log::warn!(%error, "failed to remove ended tasks from the store"),
        }
    }
}

/// Whose status a topic has. What is no name is nobody's, and would be remembered at any length (`SUB-4`).
fn agent_of(topic: &str) -> Option<&str> {
    topic.rsplit('/').nth(1).filter(|agent| Identifier::parse(agent).is_ok())
}

#[cfg(test)]
mod tests {
    use super::agent_of;

    #[test]
    fn sub_4_a_status_of_what_is_no_name_is_nobodys() {
        assert_eq!(agent_of("a2a/v1/agents/worker/status"), Some("worker"));
        let long = format!("a2a/v1/agents/{}/status", "x".repeat(60_000));
        for topic in [&*long, "a2a/v1/agents//status", "status"] {
            assert_eq!(agent_of(topic), None);
        }
    }
}
