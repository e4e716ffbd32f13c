//! A clean stop of a server: no new calls, running ones get their grace, the cards go offline.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Cards, Server};
use crate::drain::{ACKNOWLEDGE, Draining};
use crate::link::{Filter, Inbound, Link, Message, MessageHandler};
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
    let publish = futures_util::future::join_all(cards.into_iter().map(|card| link.publish(card)));
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
    let mut tools = HashSet::new();
    let (sender, mut inbox) = mpsc::channel::<Inbound>(4096);
    let handler = MessageHandler::in_memory(move |inbound| drop(sender.try_send(inbound)));
    let subscribe = shared.link.subscribe_one(Filter::new(shared.namespace.server_cards()), handler);
    let Some(Ok(_subscription)) = shared.link.attend(ACKNOWLEDGE, subscribe).await else { return tools };

    let deadline = Instant::now() + LOOK;
    let mut own_seen = false;
    loop {
        let wait = if own_seen { deadline.min(Instant::now() + QUIET) } else { deadline };
        let Ok(Some(inbound)) = timeout_at(wait, inbox.recv()).await else { return tools };
        let Some(name) = inbound.topic().rsplit('/').nth(1) else { continue };
        if name == own_id {
            own_seen = true;
            continue;
        }
        if let Ok(Some(card)) = ServerCard::read(name, &inbound.payload)
            && card.status == Status::Online
        {
            tools.extend(card.tools);
        }
    }
}
