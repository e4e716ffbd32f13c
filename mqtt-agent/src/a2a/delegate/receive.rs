//! Receiving results, and agents that come online: one task for a connection.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::book::Delegations;
use super::error::DelegateError;
use crate::link::{Filter, Inbound, Link, Sink, Subscription};
use crate::wire::{AgentStatus, Identifier, Namespace, Status, TaskResult};

/// Messages that wait to be read. Unread ones are not acknowledged, so a broker that keeps to Receive Maximum never fills
/// it; what comes beyond is dropped with a warning.
const QUEUE: usize = 1024;

/// Results that are being stored at once.
const AT_ONCE: usize = 64;

/// What makes results arrive, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Receiving {
    sender: mpsc::Sender<Inbound>,
    _results: Subscription,
    /// None where the broker does not let us see who is there.
    _statuses: Option<Subscription>,
    _reader: AbortOnDropHandle<()>,
}

impl Receiving {
    /// Subscribes our results and everybody's status, then takes up what an earlier process asked for.
    pub(crate) async fn start(
        link: &Link,
        namespace: &Namespace,
        id: &Identifier,
        delegations: &Arc<Delegations>,
    ) -> Result<Self, DelegateError> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let reader = read(link.clone(), Arc::clone(delegations), queue);
        let reader = AbortOnDropHandle::new(tokio::spawn(reader));
        let results = link.subscribe_one(Filter::new(namespace.results(id.as_str())), sink(&sender)).await?;
        delegations.recover(link, namespace).await?;
        let statuses = Filter::new(namespace.agent_statuses());
        let statuses = match link.subscribe_one(statuses, sink(&sender)).await {
            Ok(statuses) => Some(statuses),
            Err(error) => {
                tracing::info!(%error, "tasks are not sent again to agents that come back");
                None
            }
        };
        Ok(Self { sender, _results: results, _statuses: statuses, _reader: reader })
    }

    /// Where a single task's result goes as well (`A2A-7`).
    pub(super) fn sink(&self) -> Sink {
        sink(&self.sender)
    }
}

fn sink(sender: &mpsc::Sender<Inbound>) -> Sink {
    let sender = sender.clone();
    Arc::new(move |inbound| {
        if let Err(mpsc::error::TrySendError::Full(inbound)) = sender.try_send(inbound) {
            tracing::warn!(topic = inbound.topic(), "a result was dropped: more came in than could be read");
        }
    })
}

async fn read(link: Link, delegations: Arc<Delegations>, mut queue: mpsc::Receiver<Inbound>) {
    let mut storing = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(()) = storing.next(), if !storing.is_empty() => {}
            inbound = queue.recv(), if storing.len() < AT_ONCE => match inbound {
                Some(inbound) => storing.push(take(&link, &delegations, inbound)),
                None => return,
            },
        }
    }
}

/// Takes one message, which is acknowledged when it was stored.
async fn take(link: &Link, delegations: &Delegations, inbound: Inbound) {
    let topic = inbound.topic();
    if topic.ends_with("/status") {
        let agent = topic.rsplit('/').nth(1).unwrap_or_default();
        match AgentStatus::read(&inbound.payload) {
            Ok(Some(status)) if status.status == Status::Online => {
                delegations.came_online(link, agent, inbound.retain).await;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(topic, %error, "a status was ignored"),
        }
        return;
    }
    match TaskResult::read(&inbound.payload) {
        Ok(result) => delegations.receive(result).await,
        Err(error) => tracing::warn!(topic, %error, "a result was dropped"),
    }
    inbound.ack.done();
}
