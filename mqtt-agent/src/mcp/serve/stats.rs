//! Answers requests for statistics and pings (`MCP-20`). Every agent does, with or without tools.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::tally::Tally;
use crate::link::{Filter, Inbound, Link, MessageHandler, RetainHandling, Subscription};
use crate::log_rate::limited;
use crate::serve::ReplyTo;
use crate::session::Session;
use crate::shown::shown;
use crate::spawn;
use crate::wire::{Namespace, ServerPing, ServerStats, reply_address};

/// How many answers are put together at once. Those of many tools take a while, and nobody may hold up the agent by asking.
const AT_ONCE: usize = 16;

/// What is counted of each tool. The reporter holds a share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallies(Arc<RwLock<BTreeMap<&'static str, Arc<Tally>>>>);

impl Tallies {
    /// That of a tool, from now on.
    pub(super) fn add(&self, tool: &'static str, tally: Arc<Tally>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(tool, tally);
    }

    /// Tells of a tool no more.
    pub(super) fn remove(&self, tool: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(tool);
    }

    /// All of them, by tool.
    pub(crate) fn all(&self) -> Vec<(&'static str, Arc<Tally>)> {
        let tallies = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tallies.iter().map(|(tool, tally)| (*tool, Arc::clone(tally))).collect()
    }
}

/// Answers as long as it is there.
#[derive(Debug)]
pub(crate) struct StatsServer {
    _subscriptions: Vec<Subscription>,
}

#[derive(Debug)]
struct Answering {
    link: Link,
    namespace: Namespace,
    server: ServerPing,
    since: Instant,
    tallies: Tallies,
    tasks: TaskTracker,
    room: Arc<Semaphore>,
}

impl StatsServer {
    /// Subscribes both topics. It is no right that an agent needs: where it is denied nobody is answered.
    pub(crate) async fn start(
        session: &Session,
        server: ServerPing,
        tallies: Tallies,
        within: Duration,
    ) -> Self {
        let (link, namespace) = (session.link().clone(), session.namespace().clone());
        let topics = [namespace.server_stats(&server.server), namespace.server_ping(&server.server)];
        let answering = Arc::new(Answering {
            link: link.clone(),
            namespace,
            server,
            since: Instant::now(),
            tallies,
            tasks: TaskTracker::new(),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        });
        let takes: [fn(&Arc<Answering>, &ReplyTo); 2] = [Answering::stats, Answering::ping];
        let subscribed = topics.into_iter().zip(takes).map(|(topic, take)| {
            let (link, answering) = (link.clone(), Arc::clone(&answering));
            let filter = Filter::new(topic).with_retain_handling(RetainHandling::DoNotSend);
            let handler = MessageHandler::in_memory(move |inbound| answering.take(&inbound, take));
            async move { link.subscribe_one(filter, handler).await }
        });
        let subscribed = timeout(within, futures_util::future::join_all(subscribed)).await;
        let mut subscriptions = Vec::new();
        for outcome in subscribed.unwrap_or_default() {
            match outcome {
                Ok(subscription) => subscriptions.push(subscription),
                Err(error) => {
                    crate::log::debug!(%error, "failed to subscribe to requests for statistics: they are not answered")
                }
            }
        }
        Self { _subscriptions: subscriptions }
    }
}

impl Answering {
    /// Runs on the connection's task, and never waits.
    fn take(self: &Arc<Self>, inbound: &Inbound, answer: fn(&Arc<Self>, &ReplyTo)) {
        let properties = &inbound.properties;
        let topic = reply_address(&self.namespace, properties.response_topic.as_deref(), None, None);
        match topic {
            // SUB-15: what is retained is no work.
            Some(topic) if !inbound.retain => answer(self, &ReplyTo::with(topic, properties)),
            _ => {
                limited!(warn, "dropped a request for statistics: retained, or without a safe reply topic", topic = %shown(inbound.topic()))
            }
        }
    }

    fn ping(self: &Arc<Self>, reply_to: &ReplyTo) {
        reply_to.send_now(&self.link, self.server.to_bytes(), None);
    }

    fn stats(self: &Arc<Self>, reply_to: &ReplyTo) {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            return limited!(warn, "dropped a request for statistics: too many at once");
        };
        let (this, reply_to) = (Arc::clone(self), reply_to.clone());
        spawn::tracked(&self.tasks, async move {
            reply_to.send_now(&this.link, this.counted().to_bytes(), None);
            drop(place);
        });
    }

    fn counted(&self) -> ServerStats {
        ServerStats {
            server: self.server.clone(),
            uptime_ms: u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX),
            tools: self
                .tallies
                .all()
                .iter()
                .map(|(name, tally)| ((*name).to_owned(), tally.stats()))
                .collect(),
        }
    }
}
