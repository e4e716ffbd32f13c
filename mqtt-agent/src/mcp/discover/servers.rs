//! The servers that are online, and one server's card.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::{Wanted, collect, readable};
use crate::discover::{Clock, DiscoverError, Latest, Listing, Marker, Shortfall, WINDOW, burst, fetch};
use crate::session::Session;
use crate::wire::{AgentStatus, Identifier, ServerCard, Status};

pub(super) async fn list(
    session: &Session,
    window: Option<Duration>,
    wanted: &Wanted,
) -> Result<Listing<ServerCard>, DiscoverError> {
    let (mut servers, shortfall) = all(session, window.unwrap_or(WINDOW)).await?;
    servers.retain(|server| server.status == Status::Online && wanted.fits_server(server));
    Ok(Listing::new(servers, Vec::new(), shortfall))
}

/// The servers that have a card, online or not.
pub(crate) async fn all(
    session: &Session,
    window: Duration,
) -> Result<(Vec<ServerCard>, Option<Shortfall>), DiscoverError> {
    let clock = Clock::new(window);
    let (link, namespace) = (session.link(), session.namespace());
    let latest = Latest::new();
    let mut cards = burst(link, namespace.server_cards(), &latest, None, clock.cap()).await?;
    if let Some(marker) = marker(session, &latest, true) {
        cards = burst(link, namespace.server_cards(), &latest, Some(marker), clock.cap()).await?;
    }
    let mut shortfall = (!cards.is_all(&latest)).then_some(Shortfall::Dropped);
    if !clock.rest(&[&latest]).await {
        shortfall = shortfall.or(Some(Shortfall::TimedOut));
    }
    if latest.is_full() {
        shortfall = Some(Shortfall::TooMany);
    }
    let (mut servers, has_room) = collect(readable(namespace, latest.take_all()));
    if !has_room {
        shortfall = Some(Shortfall::TooMany);
    }
    if !ask_agents(session, &mut servers, clock.cap()).await {
        shortfall = shortfall.or(Some(Shortfall::TimedOut));
    }
    Ok((servers, shortfall))
}

pub(super) async fn find(
    session: &Session,
    id: &str,
    until: Instant,
) -> Result<Option<ServerCard>, DiscoverError> {
    let found = super::find(session, id, until).await?;
    let mut found: Vec<ServerCard> = found.into_iter().collect();
    let until = until.max(Instant::now() + STATUS);
    ask_agents(session, &mut found, until).await;
    Ok(found.pop())
}

/// How long the status of a server's agent may take, once there is a card.
const STATUS: Duration = Duration::from_secs(1);

/// A server's card that is known to be retained, to mark the end of another subscription's messages.
pub(super) fn marker(session: &Session, servers: &Latest, inside: bool) -> Option<Marker> {
    let topic = session.namespace().server_card(&servers.any_queued()?);
    Some(Marker { topic, inside })
}

/// Marks offline what belongs to agents that are offline (`MCP-19`): after a crash only their status says so. Of an agent
/// without a status, or of one that we may not see, the card counts. `false` when not all was known in time.
pub(super) async fn ask_agents(session: &Session, servers: &mut [ServerCard], until: Instant) -> bool {
    let agents: BTreeSet<String> =
        servers.iter().filter_map(agent).filter(|agent| Identifier::parse(agent).is_ok()).collect();
    let statuses = Latest::new();
    let wanted = agents.into_iter().map(|agent| {
        let topic = session.namespace().agent_status(&agent);
        (agent, topic)
    });
    let unknown = fetch(session.link(), &statuses, wanted, until).await;
    for server in servers {
        let status = agent(server).and_then(|agent| statuses.get(&agent));
        if let Some(Ok(Some(AgentStatus { status, .. }))) = status.map(|payload| AgentStatus::read(&payload))
        {
            server.status = status;
        }
    }
    unknown.is_empty()
}

/// The agent whose status decides, of a card that is online itself.
fn agent(server: &ServerCard) -> Option<String> {
    server.agent_id.clone().filter(|_| server.status == Status::Online)
}
