//! A clean stop of a server: no new calls, running ones get their grace, the cards go offline.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Cards, Server};
use crate::discover::{Latest, settle, subscribe};
use crate::link::{Link, Message};
use crate::serve::{ACKNOWLEDGE, Draining};
use crate::wire::{ServerCard, Status};

/// How long other servers' cards are looked for at the most.
const LOOK: Duration = Duration::from_secs(1);

/// How long no further card has to come for all to be there.
const QUIET: Duration = Duration::from_millis(150);

impl Server {
    /// Takes no more calls, waits for the running ones, and marks the cards offline. The connection stays open.
    pub(crate) async fn stop(self) {
        let Self { shared, cards, calls, cancels, announcer, abandon } = self;
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

        // The server's own card goes first: of two replicas that stop at once, the later one then sees no other.
        publish(&shared.link, vec![cards.server_offline()]).await;
        // MCP-12: a tool's card is shared with the other servers of the tool.
        let served_elsewhere = served_elsewhere(&shared, cards.server_id()).await;
        let unserved = cards.tools().iter().filter(|card| !served_elsewhere.contains(&card.tool));
        publish(&shared.link, unserved.map(|card| cards.tool_offline(card)).collect()).await;
    }
}

/// Marks all cards offline of a server that did not come up.
pub(super) async fn retire(link: &Link, cards: &Cards) {
    let mut offline = vec![cards.server_offline()];
    offline.extend(cards.tools().iter().map(|card| cards.tool_offline(card)));
    publish(link, offline).await;
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

/// The tools that some other server with an online card serves. Without the right to read server cards this is empty,
/// and the tools' cards go offline: callers never take a card for more than a hint (`MCP-13`).
async fn served_elsewhere(shared: &super::Shared, own_id: &str) -> HashSet<String> {
    let servers = Latest::new();
    let subscribe = subscribe(&shared.link, shared.namespace.server_cards(), &servers);
    let Some(Ok(_subscription)) = shared.link.attend(ACKNOWLEDGE, subscribe).await else {
        return HashSet::new();
    };
    let deadline = Instant::now() + LOOK;
    while servers.get(own_id).is_none() && timeout_at(deadline, servers.arrived()).await.is_ok() {}
    settle(&[&servers], QUIET, deadline).await;
    let others = servers.all().into_iter().filter(|(name, _)| name != own_id);
    let cards = others.filter_map(|(name, payload)| ServerCard::read(&name, &payload).ok().flatten());
    cards.filter(|card| card.status == Status::Online).flat_map(|card| card.tools).collect()
}
