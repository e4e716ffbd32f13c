//! Adding and removing tools of a running server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cards::{SharedCards, read, write};
use super::shared::Shared;
use super::stop::retire_tools;
use super::{ReadyTool, ToolServer, publish_all, subscribe_all};
use crate::error::{Error, Problem, Result};
use crate::handler::layer::Layers;
use crate::link::{Message, Subscription};
use crate::serve::ACKNOWLEDGE;
use crate::shown::shown;
use crate::spawn;
use crate::wire::ToolCard;

impl ToolServer {
    /// Whether it serves a tool of this name.
    fn serves(&self, name: &str) -> bool {
        self.serving().contains_key(name)
    }

    /// The server's card with more tools, as it would be published.
    pub(crate) fn card_with(&self, more: &[ToolCard]) -> Message {
        let mut cards = read(&self.cards).clone();
        more.iter().cloned().for_each(|card| cards.add(card));
        cards.server_online()
    }

    /// Serves more tools: subscribes their calls, then publishes their cards. Where one is not granted, none of them is
    /// served.
    ///
    /// Dropped meanwhile, they may be served and their cards come with the next connection.
    pub(crate) async fn add(&self, tools: Vec<(ReadyTool, ToolCard)>) -> Result<()> {
        let _alone = self.gone.change.lock().await;
        let (ready, cards): (Vec<_>, Vec<_>) = tools.into_iter().unzip();
        let names: Vec<_> = ready.iter().map(|ready| ready.tool.name).collect();
        let known = |ready: &&ReadyTool| self.serves(ready.tool.name);
        if let Some(ReadyTool { tool, .. }) = ready.iter().find(known) {
            let name = tool.name;
            let problem =
                format!("tool `{name}` is served already; remove that first, or give this one another name");
            return Err(Error::Invalid(vec![Problem::at(tool.location(), problem)]));
        }
        names.iter().for_each(|name| self.shared.room.add(name));
        let serving = subscribe_all(&self.shared, ready, self.how).await?;
        let messages = {
            let mut all = write(&self.cards);
            serving.iter().for_each(|(name, serving)| self.tallies.add(name, Arc::clone(&serving.tally)));
            self.serving().extend(serving);
            let mut messages: Vec<_> = cards.iter().map(|card| all.tool_online(card)).collect();
            cards.into_iter().for_each(|card| all.add(card));
            messages.push(all.server_online());
            messages
        };
        let published = publish_all(&self.shared.link, messages);
        let published =
            self.shared.link.answered("the PUBLISH of the cards", self.how.within, published).await;
        if let Err(error) = published.unwrap_or_else(|late| Err(late.into())) {
            self.take_away(&names).await;
            return Err(error);
        }
        Ok(())
    }

    /// Serves tools no more: no new calls, and their cards go offline where no other server has them. Their running
    /// calls are answered. What stood around each is given back, and its calls; nothing of those that there are not.
    pub(crate) async fn remove(&self, names: &[&str]) -> Vec<(Layers, TaskTracker)> {
        let _alone = self.gone.change.lock().await;
        self.take_away(names).await
    }

    /// Spawns what goes on with calls of tools that were removed: a stop waits for it.
    pub(crate) fn track(&self, task: impl Future<Output = ()> + Send + 'static) {
        spawn::tracked(&self.shared.tasks, task);
    }

    /// Takes several away at once: what waits for the broker waits once.
    async fn take_away(&self, names: &[&str]) -> Vec<(Layers, TaskTracker)> {
        let gone: Vec<_> = {
            let mut cards = write(&self.cards);
            let mut serving = self.serving();
            let known = names.iter().filter_map(|name| Some((*name, serving.remove(*name)?)));
            known.map(|(name, serving)| (name, serving, cards.remove(name))).collect()
        };
        let (mut ended, mut calls) = (Vec::with_capacity(gone.len()), Vec::with_capacity(gone.len()));
        // Until the broker's word calls may still come. Also dropped where this future is.
        let unsubscribed = CancellationToken::new();
        let unsubscribing = unsubscribed.clone().drop_guard();
        for (name, serving, card) in gone {
            self.tallies.remove(name);
            self.gone.add(card);
            calls.push(serving.calls);
            let (cancels, running) = (serving.cancels, serving.running);
            running.close();
            ended.push((serving.layers, running.clone()));
            // Calls that run can be cancelled.
            let unsubscribed = unsubscribed.clone();
            self.track(async move {
                unsubscribed.cancelled().await;
                running.wait().await;
                drop(cancels);
            });
        }
        // SUB-8a: before the card, so that nobody finds a tool whose calls nobody takes.
        let unsubscribe = join_all(calls.into_iter().map(Subscription::unsubscribe));
        if timeout(ACKNOWLEDGE, unsubscribe).await.is_err() {
            let first = names.first().copied().unwrap_or_default();
            crate::log::warn!(
                tool = %shown(first),
                tools = names.len(),
                "failed to end the subscriptions of tools: the broker did not acknowledge it"
            );
        }
        drop(unsubscribing);
        self.gone.retire(&self.shared, &self.cards).await;
        ended
    }
}

/// The cards of tools that are served no more, until the broker has them offline, or somebody else serves the tools.
/// Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Gone {
    cards: Arc<Mutex<BTreeMap<String, ToolCard>>>,
    /// Held while tools are added, removed or retired: one change comes after the other.
    change: Arc<tokio::sync::Mutex<()>>,
}

impl Gone {
    fn cards(&self) -> MutexGuard<'_, BTreeMap<String, ToolCard>> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, card: Option<ToolCard>) {
        self.cards().extend(card.map(|card| (card.tool.clone(), card)));
    }

    /// The cards that are left, to be retired with the server's own.
    pub(super) fn take(&self) -> Vec<ToolCard> {
        std::mem::take(&mut *self.cards()).into_values().collect()
    }

    /// Tries again what the broker did not take before the connection was lost.
    pub(super) async fn retire_again(&self, shared: &Shared, cards: &SharedCards) {
        let _alone = self.change.lock().await;
        self.retire(shared, cards).await;
    }

    /// Publishes the server's card, and marks those tools offline that nobody serves. What the broker does not take now
    /// is tried again with the next connection.
    async fn retire(&self, shared: &Shared, cards: &SharedCards) {
        let (server, tools) = {
            let (now, mut gone) = (read(cards), self.cards());
            // Served again.
            gone.retain(|name, _| !now.has(name));
            (now.server_online(), gone.values().cloned().collect::<Vec<_>>())
        };
        if tools.is_empty() {
            return;
        }
        if retire_tools(shared, cards, server, &tools).await {
            let mut gone = self.cards();
            tools.iter().for_each(|card| drop(gone.remove(&card.tool)));
        }
    }
}
