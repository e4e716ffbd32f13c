//! [`look`]: which servers are online when one stops, and which tools they list (`MCP-12`).
//!
//! To know it a server reads all server cards. Those of one process that stop at the same time share what one of them
//! reads, or a process of a thousand agents would read a million cards. What another one read counts for a server if its
//! own card, marked offline, was among it: the look was begun after that, by the broker's order. So of several servers of
//! one tool that stop at once, the last to be marked offline sees no other.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use crate::discover::{Latest, Marker, burst};
use crate::link::Link;
use crate::wire::{Namespace, ServerCard, Status};

/// How long a look may take. It is over when the own card has come, which is after all others.
const LOOK: Duration = Duration::from_secs(5);

/// How long another server's look is waited for.
const TURN: Duration = Duration::from_secs(3);

/// What one look found.
#[derive(Debug)]
pub(super) struct Seen {
    cards: BTreeMap<String, Bytes>,
    /// The servers of each tool that are online.
    online: HashMap<String, Vec<String>>,
}

impl Seen {
    fn new(cards: BTreeMap<String, Bytes>) -> Self {
        let mut online = HashMap::<String, Vec<String>>::new();
        for (name, payload) in &cards {
            let Ok(Some(card)) = ServerCard::read(name, payload) else { continue };
            if card.status == Status::Online {
                card.tools.into_iter().for_each(|tool| online.entry(tool).or_default().push(name.clone()));
            }
        }
        Self { cards, online }
    }

    /// Whether another server serves a tool.
    pub(super) fn is_served_beside(&self, server: &str, tool: &str) -> bool {
        self.online.get(tool).is_some_and(|servers| servers.iter().any(|other| other != server))
    }
}

/// Where the servers of a process look that see the same cards: one after the other.
#[derive(Debug, Default)]
struct Room(tokio::sync::Mutex<Option<Arc<Seen>>>);

/// The broker, the user name and the namespace.
type Key = (String, Option<String>, String);

/// The rooms in which somebody is.
static ROOMS: Mutex<BTreeMap<Key, Weak<Room>>> = Mutex::new(BTreeMap::new());

impl Room {
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
}

/// The servers that are online now that `server` is not: `offline` is its card as the broker has it. `None` where the
/// cards can't be read, or not all of them.
pub(super) async fn look(
    link: &Link,
    namespace: &Namespace,
    server: &str,
    offline: &Bytes,
) -> Option<Arc<Seen>> {
    let user = link.user().map(str::to_owned);
    let room = Room::enter((link.broker().to_owned(), user, namespace.as_str().to_owned()));
    // A turn that doesn't come is somebody's whose broker or runtime hangs; a look of one's own is always right.
    let mut last = timeout(TURN, room.0.lock()).await.ok();
    let shared = last.as_ref().and_then(|last| last.as_ref());
    if let Some(seen) = shared.filter(|seen| seen.cards.get(server) == Some(offline)) {
        return Some(Arc::clone(seen));
    }
    let seen = Arc::new(Seen::new(read(link, namespace, server).await?));
    if let Some(last) = &mut last {
        **last = Some(Arc::clone(&seen));
    }
    // Without its own card others may be missing too.
    seen.cards.contains_key(server).then_some(seen)
}

/// All server cards. One that is known to be there is asked for last, so that the end of the others is known.
async fn read(link: &Link, namespace: &Namespace, known: &str) -> Option<BTreeMap<String, Bytes>> {
    let cards = Latest::new();
    let marker = Marker { topic: namespace.server_card(known), inside: true };
    let until = Instant::now() + LOOK;
    let burst = burst(link, namespace.server_cards(), &cards, Some(marker), until);
    let burst = link.attend(LOOK, burst).await?;
    if let Err(error) = burst {
        tracing::debug!(%error, "the cards of other servers can't be read");
        return None;
    }
    Some(cards.all())
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
            Seen::new(cards.collect())
        };
        assert!(!seen(&[("a", "online"), ("b", "offline")]).is_served_beside("a", "add"));
        assert!(seen(&[("a", "offline"), ("b", "online")]).is_served_beside("a", "add"));
        assert!(!seen(&[("b", "online")]).is_served_beside("a", "other"));
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
