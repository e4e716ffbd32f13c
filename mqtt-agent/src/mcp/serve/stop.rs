//! The clean stop of a server: no new calls, a grace period for running calls, and the cards go offline.

use std::sync::PoisonError;

use tokio_util::sync::CancellationToken;

use super::cards::{SharedCards, read};
use super::look::{Leaving, Look};
use super::{Shared, ToolServer};
use crate::link::{Link, Message};
use crate::serve::{ACKNOWLEDGE, GracefulShutdown};
use crate::wire::ToolCard;

impl ToolServer {
    /// Takes no more calls, waits for the running ones, and marks the cards offline, once nobody would publish
    /// them again. The connection stays open.
    pub(crate) async fn stop(self, unrepaired: &CancellationToken) {
        let Self { shared, cards, gone, serving, announcer, abandon, .. } = self;
        announcer.abort();
        drop(announcer.await);

        let shutdown = GracefulShutdown {
            link: &shared.link,
            what: "calls",
            stopping: &shared.stopping,
            abandon: &shared.abandon,
            tasks: &shared.tasks,
            grace: shared.limits.grace,
        };
        let serving = serving.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (calls, cancels): (Vec<_>, Vec<_>) =
            serving.into_values().map(|serving| (serving.calls, serving.cancels)).unzip();
        shutdown.run(calls).await;
        drop((cancels, abandon));

        unrepaired.cancelled().await;
        // With those that were removed while there was no connection.
        retire(&shared, &cards, gone.take()).await;
    }
}

/// Marks the cards offline of a server that ends, or that did not come up. `gone`: cards of tools that it serves no more.
pub(super) async fn retire(shared: &Shared, cards: &SharedCards, gone: Vec<ToolCard>) {
    let (offline, mut tools) = {
        let cards = read(cards);
        (cards.server_offline(), cards.tools().to_vec())
    };
    tools.extend(gone);
    retire_tools(shared, cards, offline, &tools).await;
}

/// Publishes the server's own card, and marks those tools offline that no other server serves. False where the broker
/// did not answer, and may not have it all.
pub(super) async fn retire_tools(
    shared: &Shared,
    cards: &SharedCards,
    server: Message,
    tools: &[ToolCard],
) -> bool {
    // The server's own card goes first: of two replicas that stop at once, the later one then sees no other.
    let payload = server.payload.clone();
    let is_known = publish(&shared.link, vec![server]).await;
    // MCP-12: a tool's card is shared with the other servers of the tool. It is left alone where they can't be seen.
    let id = read(cards).server_id().to_owned();
    let leaving = Leaving {
        link: &shared.link,
        namespace: &shared.namespace,
        server: &id,
        tools: tools.iter().map(|card| card.tool.as_str()).collect(),
        offline: payload,
    };
    let unserved = match leaving.unserved(&shared.room).await {
        Look::Unserved(unserved) => unserved,
        Look::Denied => return is_known,
        Look::Unanswered => return false,
    };
    let unserved = tools.iter().filter(|card| unserved.contains(&card.tool.as_str()));
    let messages: Vec<_> = {
        let cards = read(cards);
        unserved.map(|card| cards.tool_offline(card)).collect()
    };
    publish(&shared.link, messages).await && is_known
}

/// Whether the broker answered to all of them.
async fn publish(link: &Link, cards: Vec<Message>) -> bool {
    // Queued: it is sent also when the wait is given up.
    let publish = futures_util::future::join_all(
        cards.into_iter().map(|card| async { link.enqueue(card).await?.await }),
    );
    match link.attend(ACKNOWLEDGE, publish).await {
        Some(outcomes) => {
            for error in outcomes.into_iter().filter_map(Result::err) {
                crate::log::warn!(%error, "failed to mark a card offline");
            }
            true
        }
        None => {
            crate::log::warn!("failed to mark cards offline: the broker did not acknowledge it");
            false
        }
    }
}
