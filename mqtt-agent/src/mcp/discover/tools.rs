//! The tools that are online, and one tool's card.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::readable;
use super::servers::{ask_agents, marker};
use crate::discover::{Burst, Clock, DiscoverError, Latest, Listing, Marker, Shortfall, burst, fetch};
use crate::session::Session;
use crate::wire::{Identifier, ServerCard, Status, ToolCard};

pub(super) async fn find(
    session: &Session,
    name: &str,
    until: Instant,
) -> Result<Option<ToolCard>, DiscoverError> {
    super::find(session, name, until).await
}

pub(super) async fn list(session: &Session, window: Duration) -> Result<Listing<ToolCard>, DiscoverError> {
    let mut look = Look {
        session,
        clock: Clock::new(window),
        tools: Latest::new(),
        servers: Latest::new(),
        asked_tools: HashSet::new(),
        asked_servers: HashSet::new(),
    };
    // Servers first: they name the tools, and one of them marks the end of the tools.
    let servers = look.server_burst().await?;
    let tools = look.tool_burst().await?;
    let all_tools = tools.is_all(&look.tools);
    // Of those that came, or else of those that servers name.
    let mut all_names = all_tools;
    if !all_tools && let Some(marker) = marker(session, &look.servers, true) {
        let filter = session.namespace().server_cards();
        let again = burst(session.link(), filter, &look.servers, Some(marker), look.clock.cap()).await?;
        all_names = again.is_all(&look.servers);
    }
    let mut missing = look.fill(all_tools).await;
    let mut settled = look.clock.rest(&[&look.tools, &look.servers]).await;
    // What came in the meantime may name others.
    missing.extend(look.fill(all_tools).await);
    let mut servers_now: Vec<ServerCard> = readable(session.namespace(), &look.servers);
    settled &= ask_agents(session, &mut servers_now, look.clock.cap()).await;
    drop((servers, tools));

    let served = Served::by(&servers_now);
    let found: Vec<_> = readable(session.namespace(), &look.tools)
        .into_iter()
        .filter(|tool| served.is_online(tool))
        .collect();
    missing.sort_unstable();
    let shortfall = if look.tools.is_full() || look.servers.is_full() {
        Some(Shortfall::TooMany)
    } else if !all_names {
        Some(Shortfall::Dropped)
    } else {
        (!settled).then_some(Shortfall::TimedOut)
    };
    Ok(Listing::new(found, missing, shortfall))
}

/// A look-up that is under way.
struct Look<'l> {
    session: &'l Session,
    clock: Clock,
    tools: Latest,
    servers: Latest,
    asked_tools: HashSet<String>,
    asked_servers: HashSet<String>,
}

impl Look<'_> {
    /// `None` where we may not see servers.
    async fn server_burst(&self) -> Result<Option<Burst>, DiscoverError> {
        let filter = self.session.namespace().server_cards();
        match burst(self.session.link(), filter, &self.servers, None, self.clock.cap()).await {
            Ok(burst) => Ok(Some(burst)),
            Err(DiscoverError::Subscribe(error)) => {
                tracing::debug!(%error, "tools are listed by their own cards alone");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn tool_burst(&self) -> Result<Burst, DiscoverError> {
        let (link, namespace) = (self.session.link(), self.session.namespace());
        let marker = marker(self.session, &self.servers, false);
        let marked = marker.is_some();
        let first = burst(link, namespace.tool_cards(), &self.tools, marker, self.clock.cap()).await?;
        match self.tools.any_queued() {
            Some(tool) if !marked => {
                let marker = Marker { topic: namespace.tool_card(&tool), inside: true };
                burst(link, namespace.tool_cards(), &self.tools, Some(marker), self.clock.cap()).await
            }
            _ => Ok(first),
        }
    }

    /// Fetches the cards that others name: tools that servers list, and the servers of tools. Returns the names of tools
    /// that nothing was heard of in time.
    async fn fill(&mut self, all_tools: bool) -> Vec<String> {
        let (link, namespace) = (self.session.link(), self.session.namespace());
        let tools = self.tools.all();
        let servers: HashSet<String> = self.servers.all().into_keys().collect();
        // Where we may see no server at all, none is asked for.
        if !servers.is_empty() {
            let read = readable::<ToolCard>(namespace, &self.tools);
            let of_tools: BTreeSet<String> = read.into_iter().map(|tool| tool.server).collect();
            let unknown = of_tools.into_iter().filter(|server| {
                Identifier::parse(server).is_ok()
                    && !servers.contains(server)
                    && self.asked_servers.insert(server.clone())
            });
            let unknown = unknown.map(|server| {
                let topic = namespace.server_card(&server);
                (server, topic)
            });
            fetch(link, &self.servers, unknown.collect::<Vec<_>>(), self.clock.cap()).await;
        }
        if all_tools {
            return Vec::new();
        }
        let servers = readable::<ServerCard>(namespace, &self.servers);
        let online = servers.into_iter().filter(|server| server.status == Status::Online);
        let named: BTreeSet<String> = online.flat_map(|server| server.tools).collect();
        let unknown = named.into_iter().filter(|tool| {
            Identifier::parse(tool).is_ok()
                && !tools.contains_key(tool)
                && self.asked_tools.insert(tool.clone())
        });
        let unknown = unknown.map(|tool| {
            let topic = namespace.tool_card(&tool);
            (tool, topic)
        });
        fetch(link, &self.tools, unknown.collect::<Vec<_>>(), self.clock.cap()).await
    }
}

/// Which tools servers serve (`MCP-13`).
struct Served<'s> {
    servers: HashMap<&'s str, Status>,
    tools: HashSet<&'s str>,
}

impl<'s> Served<'s> {
    fn by(servers: &'s [ServerCard]) -> Self {
        let online = servers.iter().filter(|server| server.status == Status::Online);
        Self {
            tools: online.flat_map(|server| &server.tools).map(String::as_str).collect(),
            servers: servers.iter().map(|server| (server.server.as_str(), server.status)).collect(),
        }
    }

    /// Whether a tool's card says online, and a server lists it that is. Where its server's card can't be read, the
    /// tool's card alone decides.
    fn is_online(&self, tool: &ToolCard) -> bool {
        let served =
            self.tools.contains(tool.tool.as_str()) || !self.servers.contains_key(tool.server.as_str());
        tool.status == Status::Online && served
    }
}
