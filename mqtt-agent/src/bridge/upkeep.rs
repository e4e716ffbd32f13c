//! Keeps the list of tools up to date: it lists the tools at the start, after each reconnect and after each reported
//! change, and stores the result for the next process.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::broker::Broker;
use super::cache::Cache;
use super::shared::Shared;
use super::skill;
use crate::a2a::AgentChanges;
use crate::client::Client;
use crate::discover::DiscoverError;
use crate::link::ConnectionState;
use crate::mcp::ToolNews;
use crate::wire::ToolCard;

/// How long it is waited after a change for more of them.
const GATHER: Duration = Duration::from_millis(100);

/// How many listings have the shortest pause: a few changes in a row are told at once.
const AT_FIRST: u32 = 10;

/// The longest pause between two listings where changes come without an end.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// After so long without a change the next one is looked at right away.
const CALM: Duration = Duration::from_secs(30);

/// How often is listed where changes can't be heard of, and how long after a listing that failed or came short.
const POLL: Duration = Duration::from_secs(60);

/// How many cards are looked up at once where they can't be listed.
const AT_ONCE: usize = 16;

/// Runs until the connection is closed for good.
pub(super) async fn run(
    shared: Arc<Shared>,
    cache: Option<Cache>,
    exact: Option<Vec<String>>,
    with_agents: bool,
) {
    let mut broker = shared.broker();
    let client = match broker.wait_for(|broker| matches!(broker, Broker::Made(_))).await.as_deref() {
        Ok(Broker::Made(client)) => client.clone(),
        _ => return,
    };
    let mut pace = Pace::default();
    loop {
        let mut connection = client.connection();
        let Some(epoch) = connected(&mut connection).await else { return };
        // Before the listing, so that nothing comes in between.
        let news = match ToolNews::hear(client.session()).await {
            Ok(news) => Some(news),
            Err(error) => {
                crate::log::warn!(%error, "failed to subscribe tool cards; tools are looked for once a minute");
                None
            }
        };
        let mut agents = if with_agents { watch(&client).await } else { None };
        loop {
            let is_whole = look(&shared, &client, exact.as_deref(), with_agents).await;
            keep(&shared, cache.as_ref()).await;
            let ends = shared.on_catalogue(|catalogue| catalogue.next_end(SystemTime::now()));
            let ends = ends.map(|end| end.max(GATHER));
            let is_told = news.is_some() && (agents.is_some() || !with_agents);
            let until = next(ends, is_told && is_whole);
            let is_other = |state: &ConnectionState| match state {
                ConnectionState::Connected { epoch: now, .. } => *now != epoch,
                ConnectionState::Connecting { .. } => false,
                ConnectionState::Stopped => true,
            };
            let heard = async {
                match &news {
                    Some(news) => news.changed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = connection.wait_for(is_other) => break,
                () = heard => {}
                changed = changed(&mut agents) => if !changed {
                    agents = None;
                },
                () = sleep(until.unwrap_or_default()), if until.is_some() => continue,
            }
            sleep(pace.pause(Instant::now())).await;
        }
    }
}

/// The changes of agents, where they can be heard of.
async fn watch(client: &Client) -> Option<AgentChanges> {
    match client.agents().watch().await {
        Ok(changes) => Some(changes),
        Err(error) => {
            crate::log::warn!(%error, "failed to subscribe cards of agents; agents are looked for once a minute");
            None
        }
    }
}

/// Waits for the next change of an agent; `false` when there will be none any more.
async fn changed(agents: &mut Option<AgentChanges>) -> bool {
    match agents {
        Some(agents) => agents.next().await.is_some(),
        None => std::future::pending().await,
    }
}

/// Waits for a connection, and gives its number; `None` when there will be none any more.
async fn connected(connection: &mut watch::Receiver<ConnectionState>) -> Option<u64> {
    match &*connection.wait_for(|state| !matches!(state, ConnectionState::Connecting { .. })).await.ok()? {
        ConnectionState::Connected { epoch, .. } => Some(*epoch),
        _ => None,
    }
}

/// When the next listing is, if no change is heard of: when something known ends, and soon where a change is not heard of or
/// the last listing was not whole.
fn next(ends: Option<Duration>, is_sure: bool) -> Option<Duration> {
    if is_sure { ends } else { Some(ends.unwrap_or(POLL).min(POLL)) }
}

/// Lists what is there; `false` where that failed or came short.
async fn look(shared: &Shared, client: &Client, exact: Option<&[String]>, with_agents: bool) -> bool {
    let agents = async {
        match with_agents {
            true => Some(client.agents().partial().await),
            false => None,
        }
    };
    let at = SystemTime::now();
    let tools = async {
        let listing = client.tools().partial().await?;
        if let Some(cause) = listing.shortfall() {
            crate::log::warn!(error = %cause, "failed to list all tools");
        }
        let (mut found, is_complete) = (Vec::new(), listing.is_complete());
        // Agents take a second more. Hosts that have a list already are told of the tools before.
        match with_agents && shared.is_settled() {
            true => shared.take(listing.into_vec(), false, at, client.id()),
            false => found = listing.into_vec(),
        }
        Ok((found, is_complete))
    };
    let (tools, agents) = tokio::join!(tools, agents);
    let (mut found, mut is_complete) = match tools {
        Ok(listed) => listed,
        // Exact cards need no right to a wildcard (`MCP-11`).
        Err(DiscoverError::Subscribe(_)) if exact.is_some() => {
            let names = exact.unwrap_or_default().iter().cloned();
            let cards = stream::iter(names.map(|name| {
                let find = client.tool(name);
                async move { find.await }
            }));
            let found: Vec<Result<Option<ToolCard>, _>> = cards.buffer_unordered(AT_ONCE).collect().await;
            let is_complete = found.iter().all(Result::is_ok);
            let found = found.into_iter().filter_map(|card| card.ok().flatten());
            (found.filter(|card| card.status == crate::wire::Status::Online).collect(), is_complete)
        }
        Err(error) => {
            crate::log::warn!(%error, "failed to list the tools; they are listed again in a minute");
            shared.settle();
            return false;
        }
    };
    match agents {
        Some(Ok(agents)) => {
            is_complete &= agents.is_complete();
            found.extend(agents.into_vec().iter().flat_map(skill::cards));
        }
        Some(Err(error)) => {
            crate::log::warn!(%error, "failed to list the agents");
            is_complete = false;
        }
        None => {}
    }
    shared.take(found, is_complete, at, client.id());
    is_complete
}

/// Keeps what is known for the next process.
async fn keep(shared: &Shared, cache: Option<&Cache>) {
    let Some(cache) = cache.cloned() else { return };
    let text = shared.on_catalogue(|catalogue| Cache::text(catalogue.known()));
    let written = tokio::task::spawn_blocking(move || cache.write(&text)).await;
    if let Err(error) = written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        crate::log::warn!(%error, "failed to write the file of cards; the next start has to wait for the broker");
    }
}

/// Pauses that grow while changes come and come.
#[derive(Debug, Default)]
struct Pace {
    last: Option<Instant>,
    /// How many listings there were since it was calm.
    count: u32,
}

impl Pace {
    fn pause(&mut self, now: Instant) -> Duration {
        let is_calm = self.last.is_none_or(|at| now.duration_since(at) >= CALM);
        self.count = if is_calm { 1 } else { self.count.saturating_add(1) };
        self.last = Some(now);
        let doublings = self.count.saturating_sub(AT_FIRST);
        GATHER.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_was_not_whole_is_tried_again() {
        let (soon, late) = (Duration::from_secs(5), POLL * 10);
        for (ends, is_sure, expected) in [
            (None, true, None),
            (Some(late), true, Some(late)),
            (None, false, Some(POLL)),
            (Some(late), false, Some(POLL)),
            (Some(soon), false, Some(soon)),
        ] {
            assert_eq!(next(ends, is_sure), expected, "{ends:?} {is_sure}");
        }
    }

    #[test]
    fn pauses_are_short_at_first_and_grow_until_it_is_calm_again() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for _ in 0..AT_FIRST {
            assert_eq!(pace.pause(now), GATHER);
        }
        let next: Vec<_> = (0..9).map(|_| pace.pause(now).as_millis()).collect();
        assert_eq!(next, [200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]);
        assert_eq!(pace.pause(now + CALM), GATHER);
    }
}
