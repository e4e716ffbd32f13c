//! [`Latest`]: the latest payload of each name.
//!
//! The connection's task stores payloads here without waiting, and the reader takes them at any time. So there is no
//! queue: a slow reader has at most one unread entry for each name, however often it changed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::link::{Inbound, MessageHandler, QoS};
use crate::log_rate::limited;
use crate::shown::shown;
use crate::wire::Identifier;

/// The most names that are kept.
const NAMES: usize = 100_000;

/// The most bytes that are kept, names and payloads.
pub(super) const BYTES: usize = 128 << 20;

/// What a name costs besides its text and its payload.
const ENTRY: usize = 128;

/// The latest payload of each name that messages came of. Clones are the same.
#[derive(Clone)]
pub(crate) struct Latest(Arc<Shared>);

struct Shared {
    /// Whether changes are read one by one.
    watched: bool,
    names: usize,
    bytes: usize,
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    entries: HashMap<Box<str>, Entry>,
    bytes: usize,
    /// Names that changed since they were read, the first to change first. A name is in it once.
    changed: BTreeMap<u64, Box<str>>,
    next: u64,
    full: bool,
    last: Option<Instant>,
}

struct Entry {
    /// `None` for what was removed and the reader has to hear of.
    payload: Option<Bytes>,
    arrived: Instant,
    /// Its place among the changed.
    place: Option<u64>,
    /// Whether the reader knows it.
    told: bool,
    /// Whether it was retained at the broker, at QoS 1.
    queued: bool,
}

/// One name's change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) name: String,
    /// `None` for what was removed.
    pub(crate) payload: Option<Bytes>,
    pub(crate) arrived: Instant,
}

impl Latest {
    /// For a reader of all at once.
    pub(crate) fn new() -> Self {
        Self::with_limits(false, NAMES, BYTES)
    }

    /// For a reader of [changes](Self::next_change).
    pub(crate) fn watched() -> Self {
        Self::with_limits(true, NAMES, BYTES)
    }

    fn with_limits(watched: bool, names: usize, bytes: usize) -> Self {
        let state = Mutex::new(State::default());
        Self(Arc::new(Shared { watched, names, bytes, state, arrived: Notify::new() }))
    }

    /// Puts messages of topics `../{name}/card` here, or `../{name}/status`.
    pub(crate) fn handler(&self) -> MessageHandler {
        let latest = self.clone();
        MessageHandler::in_memory(move |inbound| latest.take(&inbound))
    }

    /// Puts one message here.
    pub(crate) fn take(&self, inbound: &Inbound) {
        if let Some(name) = name_in(inbound.topic()) {
            self.put(name, &inbound.payload, inbound.retain && inbound.qos == QoS::AtLeastOnce);
        }
    }

    /// Puts the payload of a name here; `queued`: it was retained at QoS 1.
    pub(crate) fn put(&self, name: &str, payload: &[u8], queued: bool) {
        // SUB-4: what is no name is nobody's card.
        if Identifier::parse(name).is_err() {
            return crate::log::debug!("ignored a card whose topic has no valid name");
        }
        let full = self.state().put(name, payload, queued, &self.0);
        if full {
            limited!(warn, "dropped a card: more came than are kept", name = %shown(name));
        }
        self.0.arrived.notify_one();
    }

    /// Waits for the next message; at once where one came since the last wait. For one reader.
    pub(crate) async fn arrived(&self) {
        self.0.arrived.notified().await;
    }

    /// When the last message came.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.state().last
    }

    /// Whether messages were dropped for want of room.
    pub(crate) fn is_full(&self) -> bool {
        self.state().full
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.state().entries.values().filter(|entry| entry.payload.is_some()).count()
    }

    /// The latest payload of a name.
    pub(crate) fn get(&self, name: &str) -> Option<Bytes> {
        self.state().entries.get(name)?.payload.clone()
    }

    /// Any name that was retained at QoS 1: what marks the end of a burst has to go through the broker's queue.
    pub(crate) fn any_queued(&self) -> Option<String> {
        let state = self.state();
        state.entries.iter().find(|(_, entry)| entry.queued).map(|(name, _)| name.to_string())
    }

    /// All names that have a payload.
    pub(crate) fn names(&self) -> HashSet<String> {
        let state = self.state();
        let known = state.entries.iter().filter(|(_, entry)| entry.payload.is_some());
        known.map(|(name, _)| name.to_string()).collect()
    }

    /// Takes all names with their payloads out, in order.
    pub(crate) fn take_all(&self) -> BTreeMap<String, Bytes> {
        let entries = std::mem::take(&mut *self.state()).entries;
        entries.into_iter().filter_map(|(name, entry)| Some((name.into(), entry.payload?))).collect()
    }

    /// All names with their payloads, in order.
    pub(crate) fn all(&self) -> BTreeMap<String, Bytes> {
        let state = self.state();
        let known = state.entries.iter();
        known.filter_map(|(name, entry)| Some((name.to_string(), entry.payload.clone()?))).collect()
    }

    /// The change that has waited for the longest, where changes are read.
    pub(crate) fn next_change(&self) -> Option<Change> {
        self.state().next_change()
    }

    /// The change of one name, if it waits.
    pub(crate) fn change_of(&self, name: &str) -> Option<Change> {
        self.state().change_of(name)
    }

    /// Forgets a name, and says nothing of it.
    pub(crate) fn forget(&self, name: &str) {
        self.state().remove(name);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way through.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps a payload; `true` when it is the first that there is no room for.
    fn put(&mut self, name: &str, payload: &[u8], queued: bool, limits: &Shared) -> bool {
        let now = Instant::now();
        self.last = Some(now);
        let earlier = self.remove(name);
        let (told, place) = earlier.map_or((false, None), |entry| (entry.told, entry.place));
        if payload.is_empty() && !(limits.watched && told) {
            return false;
        }
        let size = cost(name, payload.len());
        if self.entries.len() >= limits.names || self.bytes.saturating_add(size) > limits.bytes {
            return !std::mem::replace(&mut self.full, true);
        }
        self.bytes += size;
        // It keeps its place: a name that changes all the time doesn't keep the reader from the others.
        let place = limits.watched.then(|| place.unwrap_or(self.next));
        if let Some(place) = place {
            self.next = self.next.max(place + 1);
            self.changed.insert(place, name.into());
        }
        // A copy: a slice would keep all of the connection's receive buffer.
        let payload = (!payload.is_empty()).then(|| Bytes::copy_from_slice(payload));
        self.entries.insert(name.into(), Entry { payload, arrived: now, place, told, queued });
        false
    }

    fn remove(&mut self, name: &str) -> Option<Entry> {
        let entry = self.entries.remove(name)?;
        self.bytes -= cost(name, entry.payload.as_ref().map_or(0, Bytes::len)).min(self.bytes);
        if let Some(place) = entry.place {
            self.changed.remove(&place);
        }
        Some(entry)
    }

    fn next_change(&mut self) -> Option<Change> {
        let (_, name) = self.changed.first_key_value()?;
        let name = name.clone();
        self.change_of(&name)
    }

    fn change_of(&mut self, name: &str) -> Option<Change> {
        let entry = self.entries.get_mut(name)?;
        let place = entry.place.take()?;
        entry.told = true;
        let (payload, arrived) = (entry.payload.clone(), entry.arrived);
        self.changed.remove(&place);
        if payload.is_none() {
            self.remove(name);
        }
        Some(Change { name: name.to_owned(), payload, arrived })
    }
}

/// What a name and its payload take in memory.
pub(crate) fn cost(name: &str, payload: usize) -> usize {
    ENTRY + 2 * name.len() + payload
}

/// `{name}` of `../{name}/card`.
fn name_in(topic: &str) -> Option<&str> {
    topic.rsplit('/').nth(1)
}

impl fmt::Debug for Latest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latest").field("names", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
