//! A clean stop of a server: no new calls, running ones get their grace, the cards go offline.

use tokio_util::sync::CancellationToken;

use super::look::Leaving;
use super::{Cards, Server, Shared};
use crate::link::{Link, Message};
use crate::serve::{ACKNOWLEDGE, Draining};

impl Server {
    /// Takes no more calls, waits for the running ones, and marks the cards offline, once nobody would publish
    /// them again. The connection stays open.
    pub(crate) async fn stop(self, unrepaired: &CancellationToken) {
        let Self { shared, cards, calls, cancels, announcer, abandon, tallies: _ } = self;
        announcer.abort();
        drop(announcer.await);

        let draining = Draining {
            link: &shared.link,
            what: "calls",
            stopping: &shared.stopping,
            abandon: &shared.abandon,
            tasks: &shared.tasks,
            grace: shared.limits.grace,
        };
        draining.end(calls).await;
        drop((cancels, abandon));

        unrepaired.cancelled().await;
        retire(&shared, &cards).await;
    }
}

/// Marks the cards offline of a server that ends, or that did not come up.
pub(super) async fn retire(shared: &Shared, cards: &Cards) {
    // The server's own card goes first: of two replicas that stop at once, the later one then sees no other.
    let offline = cards.server_offline();
    let payload = offline.payload.clone();
    publish(&shared.link, vec![offline]).await;
    // MCP-12: a tool's card is shared with the other servers of the tool. It is left alone where they can't be seen.
    let leaving = Leaving {
        link: &shared.link,
        namespace: &shared.namespace,
        server: cards.server_id(),
        tools: cards.tools().iter().map(|card| card.tool.as_str()).collect(),
        offline: payload,
    };
    let Some(unserved) = leaving.unserved(&shared.room).await else { return };
    let unserved = cards.tools().iter().filter(|card| unserved.contains(&card.tool.as_str()));
    publish(&shared.link, unserved.map(|card| cards.tool_offline(card)).collect()).await;
}

async fn publish(link: &Link, cards: Vec<Message>) {
    // Queued: it is sent also when the wait is given up.
    let publish = futures_util::future::join_all(
        cards.into_iter().map(|card| async { link.enqueue(card).await?.await }),
    );
    match link.attend(ACKNOWLEDGE, publish).await {
        Some(outcomes) => {
            for error in outcomes.into_iter().filter_map(Result::err) {
                tracing::warn!(%error, "failed to mark a card offline");
            }
        }
        None => tracing::warn!("failed to mark cards offline: the broker did not acknowledge it"),
    }
}
