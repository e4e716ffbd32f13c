//! The tools that are online, and one tool's card.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::servers::{ask_agents, marker};
use super::{Wanted, collect, readable};
use crate::discover::{
    Burst, Clock, DiscoverError, Latest, Listing, Marker, Shortfall, WINDOW, burst, fetch,
};
use crate::session::Session;
use crate::wire::{Identifier, ServerCard, Status, ToolCard};

/// How many tools are looked for that servers name and whose cards did not come.
const MOST_NAMED: usize = 100_000;

pub(super) async fn find(
    session: &Session,
    name: &str,
    until: Instant,
) -> Result<Option<ToolCard>, DiscoverError> {
    super::find(session, name, until).await
}

/// Without a window it ends as soon as all is known.
pub(super) async fn list(
    session: &Session,
    window: Option<Duration>,
    wanted: &Wanted,
) -> Result<Listing<ToolCard>, DiscoverError> {
    let mut look = Look {
        session,
        clock: Clock::new(window.unwrap_or(WINDOW)),
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
    let knows = window.is_none() && missing.is_empty() && look.knows(servers.as_ref(), all_tools);
    let both = [&look.tools, &look.servers];
    let mut settled = if knows { look.clock.settled(&both).await } else { look.clock.rest(&both).await };
    // What came in the meantime may name others.
    missing.extend(look.fill(all_tools).await);
    let is_full = look.tools.is_full() || look.servers.is_full();
    let (mut servers_now, all_servers): (Vec<ServerCard>, _) =
        collect(readable(session.namespace(), look.servers.take_all()));
    settled &= ask_agents(session, &mut servers_now, look.clock.cap()).await;
    drop((servers, tools));

    let served = Served::by(&servers_now);
    let tools_now = readable(session.namespace(), look.tools.take_all());
    let (mut found, has_room) = collect(tools_now.filter(|tool| served.is_online(tool)));
    found.iter().for_each(|tool| session.tool_servers().see(tool, |server| served.is_there(server)));
    found.retain(|tool| wanted.fits_tool(tool));
    missing.sort_unstable();
    let shortfall = if is_full || !all_servers || !has_room {
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
                crate::log::debug!(%error, "failed to subscribe to the cards of servers; tools are listed by their own cards alone");
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

    /// Whether everything is there: the broker delivered all cards that it has, and the servers' cards name no tool that is
    /// not known. Without servers nothing is certain: theirs may still come, or not be ours to see.
    fn knows(&self, servers: Option<&Burst>, all_tools: bool) -> bool {
        let all_servers = servers.is_some_and(|burst| burst.is_all(&self.servers));
        let (tools, servers) = (self.tools.names(), self.servers.all());
        let mut online = readable::<ServerCard>(self.session.namespace(), servers)
            .filter(|server| server.status == Status::Online)
            .peekable();
        all_tools
            && all_servers
            && online.peek().is_some()
            && online.all(|server| server.tools.iter().all(|tool| tools.contains(tool)))
    }

    /// Fetches the cards that others name: tools that servers list, and the servers of tools. Returns the names of tools
    /// that nothing was heard of in time.
    async fn fill(&mut self, all_tools: bool) -> Vec<String> {
        let (link, namespace) = (self.session.link(), self.session.namespace());
        let tools = self.tools.all();
        let servers: HashSet<String> = self.servers.all().into_keys().collect();
        // Where we may see no server at all, none is asked for.
        if !servers.is_empty() {
            let of_tools = readable::<ToolCard>(namespace, tools.clone()).map(|tool| tool.server);
            let of_tools: BTreeSet<String> = of_tools
                .filter(|server| Identifier::parse(server).is_ok() && !servers.contains(server))
                .collect();
            let unknown = of_tools.into_iter().filter(|server| self.asked_servers.insert(server.clone()));
            let unknown = unknown.map(|server| {
                let topic = namespace.server_card(&server);
                (server, topic)
            });
            fetch(link, &self.servers, unknown.collect::<Vec<_>>(), self.clock.cap()).await;
        }
        if all_tools {
            return Vec::new();
        }
        let servers = readable::<ServerCard>(namespace, self.servers.all());
        let online = servers.filter(|server| server.status == Status::Online);
        let named = online.flat_map(|server| server.tools);
        let named = named.filter(|tool| Identifier::parse(tool).is_ok() && !tools.contains_key(tool));
        // As many as are kept; each once.
        let mut unknown = BTreeSet::new();
        for tool in named {
            if unknown.len() < MOST_NAMED && !self.asked_tools.contains(&tool) {
                unknown.insert(tool);
            }
        }
        self.asked_tools.extend(unknown.iter().cloned());
        let unknown = unknown.into_iter();
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

    /// Whether a server is online.
    fn is_there(&self, server: &str) -> bool {
        self.servers.get(server) == Some(&Status::Online)
    }

    fn is_online(&self, tool: &ToolCard) -> bool {
        let is_listed = self.tools.contains(tool.tool.as_str());
        super::is_online(tool.status, is_listed, self.servers.contains_key(tool.server.as_str()))
    }
}
