//! Receiving results, and agents that come online: one task for a connection.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::OnceCell;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use super::delegate_error::DelegateError;
use super::delegations::Delegations;
use crate::link::{Ack, Filter, Inbound, Inbox, Link, MessageHandler, RetainHandling, Subscription};
use crate::spawn;
use crate::store::Retention;
use crate::wire::{AgentStatus, Identifier, Namespace, Status, TaskResult};

/// Results that are being stored at once.
const AT_ONCE: usize = 64;

/// How often it is looked for tasks whose deadlines have passed.
const EXPIRE: Duration = Duration::from_secs(1);

/// How often ended tasks are removed from the store.
const PRUNE: Duration = Duration::from_secs(60);

/// What makes results arrive, for as long as it is held.
pub(crate) struct Receiving {
    handler: MessageHandler,
    results: Option<Subscription>,
    /// Whether results are to be kept for a later process.
    durable: bool,
    /// Made with the first task that is asked for. `None` where the broker does not let us see who is there.
    statuses: OnceCell<Option<Subscription>>,
    _reader: AbortOnDropHandle<()>,
}

impl Receiving {
    /// Takes up what an earlier process asked for, and subscribes our results. `retention`: where nobody else removes
    /// what is too old from the store.
    pub(crate) async fn start(
        link: &Link,
        namespace: &Namespace,
        id: &Identifier,
        delegations: &Arc<Delegations>,
        retention: Option<Retention>,
    ) -> Result<Self, DelegateError> {
        // Before results arrive: each has to find its task.
        let some = delegations.recover().await?;
        let (handler, inbox) = link.inbox("a result");
        let reader = Reader {
            link: link.clone(),
            namespace: namespace.clone(),
            delegations: Arc::clone(delegations),
            retention,
        };
        let durable = delegations.store().is_durable();
        // SUB-15: what is retained is no result of a task that is waited for.
        let results =
            Filter::new(namespace.results(id.as_str())).with_retain_handling(RetainHandling::DoNotSend);
        let results = Some(link.subscribe_one(results, handler.clone()).await?);
        // Only then: it sends tasks again, and agents that have ended them answer at once.
        let reader = spawn::owned(reader.run(inbox));
        let receiving = Self { handler, results, durable, statuses: OnceCell::new(), _reader: reader };
        if some {
            receiving.watch(link, namespace).await;
        }
        Ok(receiving)
    }

    /// Subscribes everybody's status, once: tasks are sent again to agents that come back.
    pub(crate) async fn watch(&self, link: &Link, namespace: &Namespace) {
        let subscribe = || async {
            let statuses = Filter::new(namespace.agent_statuses());
            match link.subscribe_one(statuses, self.handler.clone()).await {
                Ok(statuses) => Some(statuses),
                Err(error) => {
                    tracing::info!(%error, "tasks are not sent again to agents that come back");
                    None
                }
            }
        };
        self.statuses.get_or_init(subscribe).await;
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

/// Reads what arrives.
struct Reader {
    link: Link,
    namespace: Namespace,
    delegations: Arc<Delegations>,
    retention: Option<Retention>,
}

impl Reader {
    async fn run(self, mut inbox: Inbox) {
        let mut expire = interval(EXPIRE);
        expire.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut prune = interval(PRUNE);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
        open.push(Box::pin(self.delegations.resume(&self.link, &self.namespace)));
        loop {
            tokio::select! {
                biased;
                Some(()) = open.next(), if !open.is_empty() => {}
                message = inbox.recv(), if open.len() < AT_ONCE => match message {
                    Some((inbound, ack)) => open.push(Box::pin(self.take(inbound, ack.or_leave()))),
                    None => return,
                },
                _ = expire.tick(), if open.len() < AT_ONCE => open.push(Box::pin(self.delegations.expire())),
                _ = prune.tick(), if open.len() < AT_ONCE => open.push(Box::pin(self.prune())),
            }
        }
    }

    /// Takes one message, which is acknowledged when it was stored.
    async fn take(&self, inbound: Inbound, ack: Ack) {
        let topic = inbound.topic();
        if topic.ends_with("/status") {
            self.status(topic, &inbound).await;
        } else if inbound.retain {
            tracing::warn!(topic, "dropped a retained result: what is retained is no work");
        } else {
            match TaskResult::read(&inbound.payload) {
                Ok(result) => self.receive(result).await,
                Err(error) => tracing::warn!(topic, %error, "dropped a result"),
            }
        }
        // What of it a store has to keep was stored, or its failure logged.
        ack.in_memory();
    }

    async fn status(&self, topic: &str, inbound: &Inbound) {
        let agent = topic.rsplit('/').nth(1).unwrap_or_default();
        match AgentStatus::read(&inbound.payload) {
            Ok(Some(status)) if status.status == Status::Online => {
                self.delegations.came_online(&self.link, &self.namespace, agent, inbound.retain).await;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(topic, %error, "a status was ignored"),
        }
    }

    /// A result or an update.
    async fn receive(&self, result: TaskResult) {
        let known = self.delegations.live().get(&result.task_id).cloned();
        let Some(asked) = known else {
            // One whose entry is gone has ended, or is none of ours.
            return tracing::debug!(task = %result.task_id, "a result of no task that is awaited was dropped");
        };
        let replica = asked.heard(&result);
        if result.status.is_terminal() {
            return self.delegations.ended(&asked, result).await;
        }
        asked.update(result);
        if !replica {
            return;
        }
        // What was said before went to any of the replicas.
        if asked.canceled.load(Ordering::Acquire)
            && let Err(error) = self.link.enqueue(asked.cancel(&self.namespace)).await
        {
            tracing::warn!(task = %asked.task.task_id, %error, "a task was not cancelled");
        }
        self.delegations.note_executor(&asked).await;
    }

    async fn prune(&self) {
        let Some(retention) = &self.retention else { return };
        match self.delegations.store().prune(retention).await {
            Ok(0) => {}
            Ok(tasks) => tracing::debug!(tasks, "ended tasks were removed from the store"),
            Err(error) => tracing::warn!(%error, "ended tasks were not removed from the store"),
        }
    }
}
