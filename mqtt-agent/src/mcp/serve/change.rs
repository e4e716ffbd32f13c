//! Tools that come and go while a server serves.

use std::sync::Arc;

use tokio::time::timeout;

use super::cards::{read, write};
use super::stop::retire_tools;
use super::{ReadyTool, ToolServer, publish_all, subscribe_all};
use crate::error::{Error, Problem, Result};
use crate::handler::layer::Layers;
use crate::link::Message;
use crate::serve::ACKNOWLEDGE;
use crate::shown::shown;
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

    /// Serves more tools: subscribes their calls, then publishes their cards. Where one is not granted, none of them is served.
    ///
    /// Dropped meanwhile, they may be served and their cards come with the next connection.
    pub(crate) async fn add(&self, tools: Vec<(ReadyTool, ToolCard)>) -> Result<()> {
        let _alone = self.change.lock().await;
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
            for name in names {
                self.take_away(name).await;
            }
            return Err(error);
        }
        Ok(())
    }

    /// Serves a tool no more: no new calls, and its card goes offline where no other server has it. Its running calls are
    /// answered. What stood around it is given back; `None` where there is no such tool.
    pub(crate) async fn remove(&self, name: &str) -> Option<Layers> {
        let _alone = self.change.lock().await;
        self.take_away(name).await
    }

    async fn take_away(&self, name: &str) -> Option<Layers> {
        let (serving, server, card) = {
            let mut cards = write(&self.cards);
            let serving = self.serving().remove(name)?;
            let card = cards.remove(name);
            (serving, cards.server_online(), card)
        };
        self.tallies.remove(name);
        // SUB-8a: before the card, so that nobody finds a tool whose calls nobody takes.
        if timeout(ACKNOWLEDGE, serving.calls.unsubscribe()).await.is_err() {
            crate::log::warn!(
                tool = %shown(name),
                "failed to end the subscription of a tool: the broker did not acknowledge it"
            );
        }
        drop(serving.cancels);
        let shared = Arc::clone(&self.shared);
        retire_tools(&shared, &self.cards, server, card.as_slice()).await;
        Some(serving.layers)
    }
}
