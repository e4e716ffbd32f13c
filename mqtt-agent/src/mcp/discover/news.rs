//! [`ToolNews`]: tells that the listing of tools may have changed.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::discover::DiscoverError;
use crate::link::{Filter, Inbound, MessageHandler, RetainHandling, Subscription};
use crate::session::Session;

/// Hears of cards and statuses that are published from now on, for as long as it is held.
pub(crate) struct ToolNews {
    changed: Arc<Notify>,
    _subscriptions: Vec<Subscription>,
}

impl ToolNews {
    /// Subscribes the cards of tools, and as far as they may be seen those of servers and the statuses of agents.
    pub(crate) async fn hear(session: &Session) -> Result<Self, DiscoverError> {
        let changed = Arc::new(Notify::new());
        let namespace = session.namespace();
        let told = Arc::clone(&changed);
        let handler = MessageHandler::in_memory(move |inbound: Inbound| {
            // A listing beside it has the broker send all retained messages again; those are no news.
            if !inbound.retain {
                told.notify_one();
            }
        });
        let topics = [namespace.tool_cards(), namespace.server_cards(), namespace.agent_statuses()];
        let filters = topics
            .into_iter()
            .map(|topic| Filter::new(topic).with_retain_handling(RetainHandling::DoNotSend));
        let mut granted = session.link().subscribe(filters.collect(), handler).await.into_iter();
        let mut subscriptions = Vec::new();
        subscriptions.extend(granted.next().transpose()?);
        for refused in granted {
            match refused {
                Ok(subscription) => subscriptions.push(subscription),
                Err(error) => {
                    crate::log::debug!(%error, "failed to subscribe to some cards or statuses; changes are heard of by the others")
                }
            }
        }
        Ok(Self { changed, _subscriptions: subscriptions })
    }

    /// Waits for the next change; at once where one came since the last wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
