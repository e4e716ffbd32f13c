//! [`Leaving`]: which tools have no server left when a server has stopped (`MCP-12`).
//!
//! To know that, a server has to read all server cards. A process that ends a thousand agents would read a million
//! cards. So the servers of one process that see the same cards share what they read, in a [`Room`]:
//!
//! - Of the servers that stop at the same time, one reads for all. Its reading counts for another server if that
//!   server's own card, marked offline, was among the cards: by the broker's order, the reading began after that. So of
//!   several servers of one tool that stop at once, the last to be marked offline sees no other server.
//! - A server that stops alone first asks, for each of its tools, for the card of another server that was read last. If
//!   these servers are still online and list the tools, no tool has to be marked. Only all cards together show that a
//!   tool has no server.
//!
//! Cards are shared among agents of one broker, user name and namespace. Where access rules go by client id instead, the
//! agents of one process should see the same server cards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use crate::discover::{DiscoverError, Latest, Marker, burst, fetch};
use crate::link::Link;
use crate::wire::{Namespace, ServerCard, Status};

/// How long a look may take. It is over when the own card has come, which is after all others.
const LOOK: Duration = Duration::from_secs(5);

/// The most tools of which one is asked after the other; for more all server cards are not more to read.
const FEW: usize = 16;

/// How long another server's look is waited for.
const TURN: Duration = Duration::from_secs(3);

/// What one look found. Cards are other people's, and larger than what is kept of them.
#[derive(Debug)]
struct Seen {
    /// The card of each server, as a number that stands for it.
    cards: BTreeMap<Arc<str>, u64>,
    hasher: RandomState,
    /// The servers that are online, of each tool that somebody in the room serves.
    online: HashMap<&'static str, Vec<Arc<str>>>,
}

impl Seen {
    fn new(cards: &BTreeMap<String, Bytes>, tools: &BTreeSet<&'static str>) -> Self {
        let hasher = RandomState::new();
        let mut seen = Self { cards: BTreeMap::new(), hasher, online: HashMap::new() };
        for (name, payload) in cards {
            let name: Arc<str> = name.as_str().into();
            seen.cards.insert(Arc::clone(&name), seen.hasher.hash_one(payload));
            let Ok(Some(card)) = ServerCard::read(&name, payload) else { continue };
            if card.status == Status::Online {
                // A set, for a card may list a tool again and again.
                let listed: BTreeSet<_> =
                    card.tools.iter().filter_map(|tool| tools.get(tool.as_str())).collect();
                listed
                    .into_iter()
                    .for_each(|tool| seen.online.entry(tool).or_default().push(Arc::clone(&name)));
            }
        }
        seen
    }

    /// Whether a server's card was this one.
    fn has(&self, server: &str, card: &Bytes) -> bool {
        self.cards.get(server) == Some(&self.hasher.hash_one(card))
    }

    /// The other servers of a tool.
    fn beside<'s>(&'s self, server: &str, tool: &str) -> impl Iterator<Item = &'s Arc<str>> {
        self.online.get(tool).into_iter().flatten().filter(move |other| ***other != *server)
    }
}

/// What the servers of a process know of the cards that all of them see.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What was read last.
    last: tokio::sync::Mutex<Option<Arc<Seen>>>,
    /// Servers that stop now.
    leaving: AtomicUsize,
    /// The tools of all servers that were ever in it.
    tools: Mutex<BTreeSet<&'static str>>,
}

/// The broker, the user name and the namespace.
type Key = (String, Option<String>, String);

/// The rooms in which somebody is.
static ROOMS: Mutex<BTreeMap<Key, Weak<Room>>> = Mutex::new(BTreeMap::new());

/// Counted among those that stop.
struct Present<'r>(&'r Room);

impl Room {
    /// The room of a server, which holds it while it runs.
    pub(super) fn of(
        link: &Link,
        namespace: &Namespace,
        tools: impl IntoIterator<Item = &'static str>,
    ) -> Arc<Self> {
        let user = link.user().map(str::to_owned);
        let room = Self::enter((link.broker().to_owned(), user, namespace.as_str().to_owned()));
        room.tools().extend(tools);
        room
    }

    /// One tool more is served by somebody in it.
    pub(super) fn add(&self, tool: &'static str) {
        self.tools().insert(tool);
    }

    fn tools(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(key: Key) -> Arc<Self> {
        let mut rooms = ROOMS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&key).and_then(Weak::upgrade) {
            return room;
        }
        rooms.retain(|_, room| room.strong_count() > 0);
        let room = Arc::default();
        rooms.insert(key, Arc::downgrade(&room));
        room
    }

    fn leave(&self) -> Present<'_> {
        self.leaving.fetch_add(1, Ordering::AcqRel);
        Present(self)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.leaving.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a look at the cards of other servers shows.
#[derive(Debug)]
pub(super) enum Look<'a> {
    /// The tools that no other online server lists.
    Unserved(Vec<&'a str>),
    /// The cards can't be read.
    Denied,
    /// They did not come, or not all of them.
    Unanswered,
}

/// A server that has stopped, and whose own card says so.
#[derive(Debug)]
pub(super) struct Leaving<'a> {
    pub(super) link: &'a Link,
    pub(super) namespace: &'a Namespace,
    pub(super) server: &'a str,
    pub(super) tools: Vec<&'a str>,
    /// The server's card as it is now.
    pub(super) offline: Bytes,
}

impl<'a> Leaving<'a> {
    /// Looks which of the tools no other online server lists.
    pub(super) async fn unserved(&self, room: &Room) -> Look<'a> {
        let present = room.leave();
        // A turn that doesn't come is somebody's whose broker or runtime hangs; reading by oneself is always right.
        let mut last = timeout(TURN, room.last.lock()).await.ok();
        if let Some(seen) = last.as_ref().and_then(|last| last.as_ref()) {
            if seen.has(self.server, &self.offline) {
                return Look::Unserved(self.unserved_in(seen));
            }
            let is_alone = room.leaving.load(Ordering::Acquire) == 1;
            if is_alone && self.all_are_served(seen).await.is_some() {
                return Look::Unserved(Vec::new());
            }
        }
        let cards = match self.read().await {
            Ok(Some(cards)) => cards,
            Ok(None) => return Look::Unanswered,
            Err(error) => {
                crate::log::debug!(%error, "failed to read the cards of other servers");
                return Look::Denied;
            }
        };
        let seen = Arc::new(Seen::new(&cards, &room.tools()));
        drop(cards);
        if let Some(last) = &mut last {
            **last = Some(Arc::clone(&seen));
        }
        drop((last, present));
        // Without its own card others may be missing too.
        match seen.cards.contains_key(self.server) {
            true => Look::Unserved(self.unserved_in(&seen)),
            false => Look::Unanswered,
        }
    }

    fn unserved_in(&self, seen: &Seen) -> Vec<&'a str> {
        let tools = self.tools.iter().copied();
        tools.filter(|tool| seen.beside(self.server, tool).next().is_none()).collect()
    }

    /// All server cards; `None` where not all of them came. The own one is asked for last, so that the end of the others is
    /// known.
    async fn read(&self) -> Result<Option<BTreeMap<String, Bytes>>, DiscoverError> {
        let cards = Latest::new();
        let marker = Marker { topic: self.namespace.server_card(self.server), inside: true };
        let until = Instant::now() + LOOK;
        let burst = burst(self.link, self.namespace.server_cards(), &cards, Some(marker), until);
        let Some(burst) = self.link.attend(LOOK, burst).await else { return Ok(None) };
        // A part of them would leave out servers that are there.
        let is_all = burst?.is_all(&cards) && !cards.is_full();
        Ok(is_all.then(|| cards.all()))
    }

    /// Whether each tool is still served by a server that was read earlier, as a few cards show. `None`: all have to be read.
    async fn all_are_served(&self, seen: &Seen) -> Option<()> {
        if self.tools.len() > FEW {
            return None;
        }
        let mut others = BTreeMap::new();
        for &tool in &self.tools {
            // Any: of those that stop one after the other some have stopped already. Where there was none, somebody may have
            // come since.
            let beside: Vec<_> = seen.beside(self.server, tool).collect();
            let &other = beside.get(fastrand::usize(..beside.len().max(1)))?;
            others.insert(tool, &**other);
        }
        let servers = Latest::new();
        let until = Instant::now() + LOOK;
        let of_servers =
            others.values().map(|&server| (server.to_owned(), self.namespace.server_card(server)));
        let of_servers: BTreeMap<_, _> = of_servers.collect();
        self.link.attend(LOOK, fetch(self.link, &servers, of_servers, until)).await?;
        let is_served = |(tool, server): (&&str, &&str)| {
            let card = ServerCard::read(server, &servers.get(server)?).ok()??;
            (card.status == Status::Online && card.tools.iter().any(|listed| listed == tool)).then_some(())
        };
        others.iter().try_for_each(is_served)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn mcp_12_only_other_servers_that_are_online_count() {
        let card = |name: &str, status: &str| {
            format!(r#"{{"version":"1","server":"{name}","tools":["add"],"status":"{status}"}}"#)
        };
        let seen = |cards: &[(&str, &str)]| {
            let cards = cards.iter().map(|(name, status)| ((*name).to_owned(), card(name, status).into()));
            Seen::new(&cards.collect(), &BTreeSet::from(["add", "other"]))
        };
        let is_served = |seen: Seen, tool: &str| seen.beside("a", tool).next().is_some();
        assert!(!is_served(seen(&[("a", "online"), ("b", "offline")]), "add"));
        assert!(is_served(seen(&[("a", "offline"), ("b", "online")]), "add"));
        assert!(!is_served(seen(&[("b", "online")]), "other"));
    }

    #[test]
    fn of_a_card_that_lists_tools_again_and_again_each_is_kept_once_and_strangers_are_not() {
        let mut tools = vec!["add"; 10_000];
        let others: Vec<String> = (0..10_000).map(|number| format!("t{number}")).collect();
        tools.extend(others.iter().map(String::as_str));
        let card = serde_json::json!({"version": "1", "server": "b", "tools": tools, "status": "online"});
        let card = Bytes::from(card.to_string());
        let seen = Seen::new(&BTreeMap::from([("b".to_owned(), card.clone())]), &BTreeSet::from(["add"]));
        assert_eq!(seen.beside("a", "add").count(), 1);
        assert_eq!(seen.online.len(), 1);
        assert!(seen.has("b", &card) && !seen.has("b", &card.slice(1..)) && !seen.has("a", &card));
    }

    #[test]
    fn a_room_is_shared_while_somebody_is_in_it() {
        let key = || ("broker".to_owned(), None, "rooms".to_owned());
        let room = Room::enter(key());
        assert!(Arc::ptr_eq(&room, &Room::enter(key())));
        assert!(!Arc::ptr_eq(
            &room,
            &Room::enter(("broker".to_owned(), Some("user".to_owned()), "rooms".to_owned()))
        ));
        drop(room);
        drop(Room::enter(("broker".to_owned(), None, "others".to_owned())));
        assert!(!ROOMS.lock().unwrap().contains_key(&key()), "forgotten");
    }
}
