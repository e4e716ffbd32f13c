//! [`Books`]: the servers and tools that a watch knows, and which of them are online (`MCP-13`, `MCP-19`). No I/O.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use tokio::time::Instant;

use super::Card;
use crate::discover::{Bounded, Change, cost};
use crate::ledger::Share;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::wire::{AgentStatus, Namespace, ServerCard, Status, ToolCard};

/// A valid card of a watch's own kind: shared with where it arrived.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) payload: Bytes,
    /// A hash of the card, without its time of publication.
    pub(super) print: u64,
    /// Whether the filter lets it through.
    fits: bool,
}

#[derive(Debug)]
struct Server {
    own: Option<Own>,
    online: bool,
    agent: Option<String>,
    tools: HashSet<Box<str>>,
    arrived: Instant,
    _share: Share,
}

#[derive(Debug)]
struct Tool {
    own: Own,
    status: Status,
    server: Box<str>,
    arrived: Instant,
    _share: Share,
}

/// How much is kept of each kind.
#[derive(Debug)]
struct Kept {
    servers: Bounded,
    tools: Bounded,
    statuses: Bounded,
}

/// What a name in a set takes besides its text.
const NAME: usize = 48;

/// What is known.
#[derive(Debug)]
pub(super) struct Books {
    namespace: Namespace,
    hasher: RandomState,
    servers: BTreeMap<String, Server>,
    tools: BTreeMap<String, Tool>,
    statuses: HashMap<String, (Status, Instant, Share)>,
    kept: Kept,
}

impl Books {
    pub(super) fn new(namespace: Namespace) -> Self {
        Self::within(namespace, Bounded::default)
    }

    fn within(namespace: Namespace, bounded: impl Fn() -> Bounded) -> Self {
        Self {
            namespace,
            hasher: RandomState::new(),
            servers: BTreeMap::new(),
            tools: BTreeMap::new(),
            statuses: HashMap::new(),
            kept: Kept { servers: bounded(), tools: bounded(), statuses: bounded() },
        }
    }

    /// Whether something was dropped for want of room.
    pub(super) fn is_full(&self) -> bool {
        let Kept { servers, tools, statuses } = &self.kept;
        [servers, tools, statuses].into_iter().any(Bounded::is_full)
    }

    /// Takes a server's card; `fits`, where servers are what is watched.
    pub(super) fn take_server(&mut self, change: Change, fits: Option<&dyn Fn(&ServerCard) -> bool>) {
        let Change { name, payload, arrived } = change;
        let payload = payload.unwrap_or_default();
        let Some(card) = self.readable::<ServerCard>(&name, &payload) else { return };
        // Before: it makes room for what comes in its place.
        self.servers.remove(&name);
        let Some(card) = card else { return };
        let fits = fits.map(|fits| fits(&card));
        let (online, agent) = (card.status == Status::Online, card.agent_id.clone());
        let tools: HashSet<Box<str>> = card.tools.iter().map(|tool| tool.as_str().into()).collect();
        let names: usize = tools.iter().map(|tool| NAME + tool.len()).sum();
        let payload_len = if fits.is_some() { payload.len() } else { 0 };
        let weight = cost(&name, payload_len) + names + agent.as_ref().map_or(0, String::len);
        let Some(share) = self.kept.servers.take(&name, weight) else { return };
        let unaged = ServerCard { last_seen: String::new(), ..card };
        let own = fits.map(|fits| Own { payload, print: self.hasher.hash_one(unaged.to_bytes()), fits });
        self.servers.insert(name, Server { own, online, agent, tools, arrived, _share: share });
    }

    /// Takes a tool's card.
    pub(super) fn take_tool(&mut self, change: Change, fits: &dyn Fn(&ToolCard) -> bool) {
        let Change { name, payload, arrived } = change;
        let payload = payload.unwrap_or_default();
        let Some(card) = self.readable::<ToolCard>(&name, &payload) else { return };
        self.tools.remove(&name);
        let Some(card) = card else { return };
        let weight = cost(&name, payload.len()) + card.server.len();
        let Some(share) = self.kept.tools.take(&name, weight) else { return };
        let (fits, status, server) = (fits(&card), card.status, card.server.as_str().into());
        // Which of its replicas published it last is no change of the tool.
        let unaged = ToolCard { last_seen: String::new(), server: String::new(), ..card };
        let own = Own { payload, print: self.hasher.hash_one(unaged.to_bytes()), fits };
        self.tools.insert(name, Tool { own, status, server, arrived, _share: share });
    }

    /// Takes an agent's status.
    pub(super) fn take_status(&mut self, change: Change) {
        let Change { name, payload, arrived } = change;
        match AgentStatus::read(payload.as_deref().unwrap_or_default()) {
            Ok(Some(status)) => {
                self.statuses.remove(&name);
                if let Some(share) = self.kept.statuses.take(&name, cost(&name, 0)) {
                    self.statuses.insert(name, (status.status, arrived, share));
                }
            }
            Ok(None) => {
                self.statuses.remove(&name);
            }
            Err(error) => {
                limited!(warn, "ignored a status", topic = %shown(&self.namespace.agent_status(&name)), %error)
            }
        }
    }

    /// A parsed card; `Some(None)` if it was removed. An invalid one is logged and gives `None` (`SUB-11`).
    fn readable<C: Card>(&self, name: &str, payload: &[u8]) -> Option<Option<C>> {
        C::read(name, payload)
            .inspect_err(|error| {
                let topic = C::topic(&self.namespace, name);
                limited!(warn, "ignored a card", topic = %shown(&topic), %error);
            })
            .ok()
    }

    fn is_online(&self, server: &Server) -> bool {
        let status = server.agent.as_ref().and_then(|agent| self.statuses.get(agent));
        server.online && status.is_none_or(|(status, ..)| *status == Status::Online)
    }

    /// The servers that are online and wanted, by id.
    pub(super) fn servers(&self) -> BTreeMap<&str, &Own> {
        let online = self.servers.iter().filter(|(_, server)| self.is_online(server));
        let own = online.filter_map(|(id, server)| Some((id.as_str(), server.own.as_ref()?)));
        own.filter(|(_, own)| own.fits).collect()
    }

    /// The tools that are online and wanted, by name.
    pub(super) fn tools(&self) -> BTreeMap<&str, &Own> {
        let online = self.servers.values().filter(|server| self.is_online(server));
        let served: HashSet<&str> = online.flat_map(|server| &server.tools).map(|tool| &**tool).collect();
        let is_online = |name: &str, tool: &Tool| {
            super::is_online(tool.status, served.contains(name), self.servers.contains_key(&*tool.server))
        };
        let online = self.tools.iter().filter(|(name, tool)| tool.own.fits && is_online(name, tool));
        online.map(|(name, tool)| (name.as_str(), &tool.own)).collect()
    }

    /// The tools that online servers name and of which there is no card.
    pub(super) fn missing(&self) -> Vec<String> {
        let online = self.servers.values().filter(|server| self.is_online(server));
        let named = online.flat_map(|server| &server.tools);
        named.filter(|tool| !self.tools.contains_key(&***tool)).map(ToString::to_string).collect()
    }

    /// Forgets what came before then.
    pub(super) fn forget_before(&mut self, then: Instant) {
        self.servers.retain(|_, server| server.arrived >= then);
        self.tools.retain(|_, tool| tool.arrived >= then);
        self.statuses.retain(|_, (_, arrived, _)| *arrived >= then);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn change(name: &str, payload: serde_json::Value) -> Change {
        let payload = (!payload.is_null()).then(|| payload.to_string().into());
        Change { name: name.to_owned(), payload, arrived: Instant::now() }
    }

    fn server(books: &mut Books, status: &str, tools: &[&str]) {
        let card = json!({"status": status, "tools": tools, "agent_id": "agent"});
        books.take_server(change("one", card), Some(&|_| true));
    }

    fn tool(books: &mut Books, card: serde_json::Value) {
        books.take_tool(change("add", card), &|card| card.tags.is_empty());
    }

    fn online(books: &Books) -> Vec<&str> {
        books.tools().into_keys().collect()
    }

    #[test]
    fn mcp_13_a_tool_is_online_by_its_card_and_its_server_and_its_servers_agent() {
        let mut books = Books::new(Namespace::default());
        tool(&mut books, json!({"status": "online", "server": "one"}));
        assert_eq!(online(&books), ["add"], "its server is not known");
        server(&mut books, "online", &["add", "count"]);
        assert_eq!((online(&books), books.missing()), (vec!["add"], vec!["count".to_owned()]));
        server(&mut books, "online", &[]);
        assert_eq!(online(&books), [""; 0], "its server does not list it");
        server(&mut books, "online", &["add"]);
        books.take_status(change("agent", json!({"status": "offline"})));
        assert_eq!(
            (online(&books).len(), books.servers().len()),
            (0, 0),
            "its server's agent is offline (MCP-19)"
        );
        books.take_status(change("agent", json!(null)));
        assert_eq!((online(&books).len(), books.servers().len()), (1, 1));
        tool(&mut books, json!({"status": "offline", "server": "one"}));
        assert_eq!(online(&books), [""; 0]);
    }

    #[test]
    fn a_card_that_is_garbage_changes_nothing_and_an_empty_one_removes() {
        let mut books = Books::new(Namespace::default());
        tool(&mut books, json!({"status": "online"}));
        tool(&mut books, json!([1]));
        assert_eq!(online(&books), ["add"]);
        tool(&mut books, json!(null));
        assert_eq!(online(&books), [""; 0]);
        tool(&mut books, json!({"status": "online", "tags": ["math"]}));
        assert_eq!(online(&books), [""; 0], "the filter has no room for it");
    }

    #[test]
    fn sub_11_cards_that_garbage_came_after_are_kept_within_the_limit() {
        let mut books = Books::within(Namespace::default(), || Bounded::within(10_000));
        let long = "x".repeat(1000);
        for number in 0..100 {
            let name = format!("n-{number}");
            let both = [json!({"status": "online", "description": long}), json!([1])];
            // Where they arrived a few bytes are kept from now on.
            for card in both {
                books.take_tool(change(&name, card.clone()), &|_| true);
                books.take_server(change(&name, card), Some(&|_| true));
            }
        }
        let tools: usize = books.tools.values().map(|tool| tool.own.payload.len()).sum();
        let servers = books.servers.values().filter_map(|server| server.own.as_ref());
        let servers: usize = servers.map(|own| own.payload.len()).sum();
        assert!(tools <= 10_000 && servers <= 10_000, "{tools} and {servers} bytes are kept");
        assert!(books.tools.contains_key("n-0") && books.servers.contains_key("n-0") && books.is_full());
    }

    #[test]
    fn the_names_of_a_servers_tools_count_as_they_lie_in_memory() {
        let mut books = Books::within(Namespace::default(), || Bounded::within(10_000));
        let names: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        for number in 0..10 {
            let card = json!({"status": "online", "tools": names});
            books.take_server(change(&format!("n-{number}"), card), None);
        }
        let kept: usize = books.servers.values().map(|server| server.tools.len()).sum();
        assert!(kept <= 200 && books.is_full(), "{kept} names are kept");
    }

    #[test]
    fn a_card_that_is_replaced_makes_room() {
        let mut books = Books::within(Namespace::default(), || Bounded::within(2000));
        for _ in 0..10 {
            tool(&mut books, json!({"status": "online", "description": "x".repeat(1000)}));
        }
        assert_eq!((online(&books), books.is_full()), (vec!["add"], false));
    }

    #[test]
    fn publishing_again_is_no_change() {
        let mut books = Books::new(Namespace::default());
        let print = |books: &Books| books.tools()["add"].print;
        tool(&mut books, json!({"status": "online", "last_seen": "1", "server": "one"}));
        let before = print(&books);
        tool(&mut books, json!({"status": "online", "last_seen": "2", "server": "two"}));
        assert_eq!(print(&books), before);
        tool(&mut books, json!({"status": "online", "description": "Adds."}));
        assert_ne!(print(&books), before);
    }

    #[test]
    fn what_did_not_come_again_is_forgotten() {
        let mut books = Books::new(Namespace::default());
        tool(&mut books, json!({"status": "online"}));
        let since = Instant::now() + std::time::Duration::from_secs(1);
        let again = Change { arrived: since, ..change("one", json!({"status": "online"})) };
        books.take_server(again, Some(&|_| true));
        assert_eq!((books.tools().len(), books.servers().len()), (1, 1));
        books.forget_before(since);
        assert_eq!((books.tools().len(), books.servers().len()), (0, 1));
    }
}
