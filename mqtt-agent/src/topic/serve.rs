//! Serving topic handlers.
//!
//! A message is acknowledged when it is queued: acknowledgements are sent in the order of receipt, so a handler that
//! delayed one would delay all others. Each `#[on]` handler has a queue, and handles its messages one after the other
//! unless it has `concurrency`. Up to 1,024 messages and 8 MiB wait in memory, acknowledged; further ones stay
//! unacknowledged, or at QoS 0 are dropped and logged. Each request runs in its own tokio task.

mod answered;
mod handler;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::filter;
use crate::client::Client;
use crate::error::Result;
use crate::handler::context::States;
use crate::handler::layer::AgentLayers;
use crate::handler::registry::{HandlerDef, HandlerKind};
use crate::link::{Filter, Inbox, MessageHandler, QoS, RetainHandling, Subscription};
use crate::serve::{Admission, GracefulShutdown, Limits};
use crate::spawn;
use answered::ReplyRules;
use handler::Served;

/// What all topic handlers of an agent share.
#[derive(Debug)]
struct Shared {
    client: Client,
    states: Arc<States>,
    limits: Limits,
    /// Owns the tokio task of every handler.
    tasks: TaskTracker,
    /// Cancelled when no more messages are accepted.
    stopping: CancellationToken,
    /// Cancelled at the end of a stop's grace.
    abandon: CancellationToken,
    /// Admission of requests.
    admission: Arc<Admission>,
    replies: ReplyRules,
}

/// The topic handlers of one agent, served over its connection.
#[derive(Debug)]
pub(crate) struct TopicServer {
    shared: Arc<Shared>,
    subscriptions: Vec<Subscription>,
    // A server that is dropped without a stop leaves no handler behind.
    abandon: DropGuard,
}

impl TopicServer {
    /// Subscribes every handler.
    pub(crate) async fn start(
        client: Client,
        states: Arc<States>,
        limits: Limits,
        handlers: &[&'static HandlerDef],
        reply_topics: Vec<String>,
        layers: &AgentLayers,
        within: Duration,
    ) -> Result<Self> {
        let shared = Arc::new(Shared {
            admission: Admission::new(limits.call_capacity()),
            replies: ReplyRules::new(client.session().namespace().clone(), reply_topics, handlers),
            client,
            states,
            limits,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            abandon: CancellationToken::new(),
        });
        // From here on, so that a start which fails ends what it has begun.
        let abandon = shared.abandon.clone().drop_guard();
        let link = shared.client.session().link();
        // One connection keeps them in order, so they need not wait for each other.
        let subscribed = handlers.iter().map(|handler| {
            let served = Arc::new(Served::new(handler, layers, Arc::clone(&shared)));
            let mut wanted = Filter::new(filter(handler));
            if handler.qos == 0 {
                wanted.qos = QoS::AtMostOnce;
            }
            let handler = match handler.kind {
                HandlerKind::On => on(&served),
                HandlerKind::Request => {
                    // SUB-15: what is retained is no work.
                    wanted = wanted.with_retain_handling(RetainHandling::DoNotSend);
                    MessageHandler::acknowledging(move |inbound, ack| served.request(inbound, ack))
                }
            };
            link.subscribe_one(wanted, handler)
        });
        let granted = link.answered_each("the SUBSCRIBE of the topic handlers", within, subscribed).await?;
        let subscriptions = granted.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Self { shared, subscriptions, abandon })
    }

    /// Accepts no more messages, and waits for running handlers.
    pub(crate) async fn stop(self) {
        let Self { shared, subscriptions, abandon } = self;
        let shutdown = GracefulShutdown {
            link: shared.client.session().link(),
            what: "topic handlers",
            stopping: &shared.stopping,
            abandon: &shared.abandon,
            tasks: &shared.tasks,
            grace: shared.limits.grace,
        };
        shutdown.run(subscriptions).await;
        drop(abandon);
    }
}

/// The queue of an `#[on]` handler, and the task that empties it.
fn on(served: &Arc<Served>) -> MessageHandler {
    let link = served.shared.client.session().link();
    let (handler, inbox) = link.buffered_inbox("a message for a topic handler");
    spawn::tracked(&served.shared.tasks, link.watched(work(Arc::clone(served), inbox)));
    handler
}

async fn work(served: Arc<Served>, mut inbox: Inbox) {
    let (stopping, abandon) = (served.shared.stopping.clone(), served.shared.abandon.clone());
    let most = served.def.concurrency.map_or(1, |messages| messages.max(1) as usize);
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            () = abandon.cancelled() => return,
            () = stopping.cancelled(), if !inbox.is_closed() => inbox.close(),
            Some(()) = running.next(), if !running.is_empty() => {}
            message = inbox.recv(), if running.len() < most => match message {
                Some((inbound, ack)) => {
                    // The handler has it now; a crash from here on loses it.
                    let again = ack.in_memory_at_once(inbound.is_again);
                    running.push(served.handle(inbound, again));
                }
                None => break,
            },
        }
    }
    tokio::select! {
        () = abandon.cancelled() => {}
        () = async { while running.next().await.is_some() {} } => {}
    }
}
