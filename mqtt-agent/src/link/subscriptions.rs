//! The subscriptions of this connection, and the SUBSCRIBE and UNSUBSCRIBE packets in flight. Pure bookkeeping.
//!
//! Each filter has its own SUBSCRIBE packet and its own identifier. A broker sends a message once for each filter that
//! matches it; with the identifier, each copy finds its own subscriptions. By the topic alone, each copy would go to
//! all of them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::capabilities::Capabilities;
use super::codec::Identifiers;
use super::error::SubscribeError;
use super::inbound::MessageHandler;
use super::message::{Filter, QoS, RetainHandling};
use super::poison::{Blame, POISON};
use super::routes::{self, Route, Routes};
use super::size;
use super::verdict;

/// The outcome of one filter.
pub(super) type Granted = Result<(), SubscribeError>;

/// A filter to subscribe to, where its messages go, and who waits to hear of it.
pub(super) struct Wanted {
    pub(super) filter: Filter,
    pub(super) route: Route,
    pub(super) outcome: oneshot::Sender<Granted>,
}

/// A filter that is in use.
struct Held {
    routes: Vec<Route>,
    qos: QoS,
    retain_handling: RetainHandling,
    identifier: u32,
    /// Whether the broker granted it on this connection.
    granted: bool,
}

/// Whether a message's subscriptions are known by their identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identified {
    Known,
    /// One at least is that of an earlier process.
    Unknown,
    /// There are no identifiers that would tell.
    Not,
}

/// A packet to send and to be acknowledged.
pub(super) enum Request {
    Subscribe {
        filter: Filter,
        identifier: u32,
        /// How often a connection ended before the answer, weighted.
        suspicion: u8,
        /// Who asked, and for which subscription; nobody when a subscription is made again.
        asked: Option<(u64, oneshot::Sender<Granted>)>,
    },
    Unsubscribe {
        filter: Arc<str>,
        identifier: u32,
        /// The subscription that still takes what comes until the broker has answered.
        leaving: Option<u64>,
        done: Option<oneshot::Sender<()>>,
    },
}

impl Request {
    /// The filter that it is about.
    fn name(&self) -> &str {
        match self {
            Self::Subscribe { filter, .. } => &filter.filter,
            Self::Unsubscribe { filter, .. } => filter,
        }
    }

    /// The filter that is subscribed.
    fn filter(&self) -> Option<&str> {
        match self {
            Self::Subscribe { filter, .. } => Some(&filter.filter),
            Self::Unsubscribe { .. } => None,
        }
    }
}

/// All subscriptions of a connection.
#[derive(Default)]
pub(super) struct Subscriptions {
    routes: Routes,
    held: HashMap<Arc<str>, Held>,
    by_id: HashMap<u64, Arc<str>>,
    /// Kept until the broker has acknowledged the end, so that what is still on its way goes nowhere.
    by_identifier: HashMap<u32, Arc<str>>,
    waiting: VecDeque<Request>,
    sent: VecDeque<(u16, Request)>,
    /// The subscriptions that were asked for and not granted yet: only those are looked for in what waits, which may be as
    /// long as there are subscriptions.
    asked: HashSet<u64>,
    /// The filters that the broker may have: each was asked for in this session, and its end not acknowledged since.
    at_broker: HashSet<Arc<str>>,
}

impl Subscriptions {
    /// Adds the handlers of the subscriptions that a message was sent for, or without `by_topic` only where all of them are
    /// known.
    pub(super) fn find(
        &self,
        topic: &str,
        identifiers: &Identifiers,
        by_topic: bool,
        found: &mut Vec<MessageHandler>,
    ) -> Identified {
        let mut identified = Identified::Not;
        for identifier in identifiers.iter() {
            let Some(filter) = self.by_identifier.get(&identifier) else {
                if !by_topic {
                    found.clear();
                    return Identified::Unknown;
                }
                continue;
            };
            identified = Identified::Known;
            let routes = self.held.get(filter).into_iter().flat_map(|held| &held.routes);
            let alive = routes.filter(|route| route.alive.load(Ordering::Acquire));
            found.extend(alive.map(|route| route.handler.clone()));
        }
        // The broker knows no identifiers, or the session is one that an earlier process made.
        if identified == Identified::Not && by_topic {
            self.routes.find(topic, found);
        }
        identified
    }

    /// How many filters match a topic: so many copies of a message a broker may send.
    pub(super) fn count(&self, topic: &str) -> usize {
        let granted = self.held.iter().filter(|(_, held)| held.granted).map(|(filter, _)| filter);
        granted.filter(|filter| routes::matches(routes::unshared(filter), topic)).count()
    }

    /// Whether nothing is asked of the broker, so that what it has is known.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.sent.is_empty()
    }

    /// Whether a packet waits that may be sent.
    pub(super) fn has_room(&self) -> bool {
        !self.waiting.is_empty() && self.sent.len() < MOST_SENT
    }

    /// Whether the broker may have hung up at what is asked of it.
    pub(super) fn asks(&self, is: impl Fn(&str) -> bool) -> bool {
        self.sent.iter().any(|(_, request)| request.filter().is_some_and(&is))
    }

    /// Routes at once, for the broker may deliver before it acknowledges, and asks the broker.
    pub(super) fn subscribe(&mut self, wanted: Wanted) {
        let Wanted { filter, route, outcome } = wanted;
        let id = route.id;
        let name: Arc<str> = filter.filter.as_str().into();
        self.routes.insert(&name, route.clone());
        self.by_id.insert(id, Arc::clone(&name));
        let identifier = self.identifier(&name);
        let held = self.held.entry(name).or_insert(Held {
            routes: Vec::new(),
            qos: filter.qos,
            retain_handling: filter.retain_handling,
            identifier,
            granted: false,
        });
        held.routes.push(route);
        // The broker replaces an equal filter's subscription, so that a lower level would take from the others.
        held.qos = held.qos.max(filter.qos);
        let filter = Filter { qos: held.qos, ..filter };
        self.asked.insert(id);
        self.waiting.push_back(Request::Subscribe {
            filter,
            identifier,
            suspicion: 0,
            asked: Some((id, outcome)),
        });
    }

    /// The filter's identifier. It depends on nothing but the filter, so that messages of a session that an earlier
    /// process left are recognized.
    fn identifier(&mut self, filter: &Arc<str>) -> u32 {
        let mut identifier = identifier(filter);
        // Two filters with one identifier: as good as never, and then the later one moves on.
        while self.by_identifier.get(&identifier).is_some_and(|other| other != filter) {
            identifier = if identifier == LAST_IDENTIFIER { FIRST_IDENTIFIER } else { identifier + 1 };
        }
        self.by_identifier.insert(identifier, Arc::clone(filter));
        identifier
    }

    /// Ends a subscription; asks the broker when it was the last one of its filter. One whose end is waited for takes what
    /// comes until the broker has answered; else nothing is delivered from now on.
    pub(super) fn unsubscribe(&mut self, id: u64, done: Option<oneshot::Sender<()>>) {
        // Not known any more: refused, and then nothing is to be undone. Dropping `done` says so.
        let Some(filter) = self.by_id.get(&id).cloned() else { return };
        let Some(held) = self.held.get(&filter) else { return };
        let (is_last, identifier) = (held.routes.len() == 1, held.identifier);
        let asks = |request: &Request| matches!(request, Request::Subscribe { asked: Some((by, _)), .. } if *by == id);
        if self.asked.contains(&id)
            && let Some(unsent) = self.waiting.iter().position(asks)
        {
            self.waiting.remove(unsent);
            self.forget(id);
            // Another request for the same filter was sent, or this one on a connection that is lost.
            if is_last && self.at_broker.contains(&filter) {
                self.waiting.push_back(Request::Unsubscribe { filter, identifier, leaving: None, done });
                return;
            }
            return self.release(identifier);
        }
        let leaving = (is_last && done.is_some()).then_some(id);
        if leaving.is_none() {
            self.forget(id);
        }
        if is_last {
            self.waiting.push_back(Request::Unsubscribe { filter, identifier, leaving, done });
        }
    }

    /// Unsubscribes a filter that an earlier process left in the session, unless it is in use.
    pub(super) fn end_filter(&mut self, filter: &str) {
        if !self.held.contains_key(filter) {
            // No filter has this identifier.
            let request =
                Request::Unsubscribe { filter: filter.into(), identifier: 0, leaving: None, done: None };
            self.waiting.push_back(request);
        }
    }

    /// Removes the route, and returns the filter with its identifier where that is now unused.
    fn forget(&mut self, id: u64) -> Option<(Arc<str>, Option<u32>)> {
        self.asked.remove(&id);
        let filter = self.by_id.remove(&id)?;
        self.routes.remove(&filter, id);
        let held = self.held.get_mut(&filter)?;
        held.routes.retain(|route| route.id != id);
        let unused = held.routes.is_empty().then_some(held.identifier);
        if unused.is_some() {
            self.held.remove(&filter);
        }
        Some((filter, unused))
    }

    /// Frees an identifier, unless its filter is in use again.
    fn release(&mut self, identifier: u32) {
        if self.by_identifier.get(&identifier).is_some_and(|filter| !self.held.contains_key(filter)) {
            self.by_identifier.remove(&identifier);
        }
    }

    /// Whether there is nothing to send.
    pub(super) fn nothing_waits(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the next packet to send. What the broker excludes is refused here, for it would end the connection.
    pub(super) fn next(&mut self, broker: &Capabilities) -> Option<Request> {
        while self.sent.len() < MOST_SENT {
            let request = self.waiting.pop_front()?;
            match refusal(&request, broker) {
                None => return Some(request),
                Some(error) => self.refuse(request, error),
            }
        }
        None
    }

    /// Notes that a packet of [`Subscriptions::next`] was sent with this packet id.
    pub(super) fn sent(&mut self, packet: u16, request: Request) {
        if let Some(filter) = request.filter() {
            let held = self.held.get_key_value(filter);
            self.at_broker.insert(held.map_or_else(|| filter.into(), |(filter, _)| Arc::clone(filter)));
        }
        self.sent.push_back((packet, request));
    }

    /// Whether a packet id is in use.
    pub(super) fn is_taken(&self, packet: u16) -> bool {
        self.sent.iter().any(|(sent, _)| *sent == packet)
    }

    fn answered(&mut self, packet: u16) -> Option<Request> {
        let index = self.sent.iter().position(|(sent, _)| *sent == packet)?;
        self.sent.remove(index).map(|(_, request)| request)
    }

    /// Deals out a SUBACK; false for one of a packet id that nothing was asked with.
    pub(super) fn subscribed(&mut self, packet: u16, reasons: &[u8], text: Option<&str>) -> bool {
        let Some(request) = self.answered(packet) else { return false };
        let Request::Subscribe { filter, identifier, suspicion, asked } = request else {
            self.sent.push_front((packet, request));
            return false;
        };
        match verdict::granted(&filter, reasons.first().copied(), text) {
            Ok(()) => {
                if let Some(held) = self.held.get_mut(filter.filter.as_str()) {
                    held.granted = true;
                }
                if let Some((id, outcome)) = asked {
                    self.asked.remove(&id);
                    // A requester that went away has dropped its subscription, which undoes it.
                    let _ = outcome.send(Ok(()));
                }
            }
            Err(error) => self.refuse(Request::Subscribe { filter, identifier, suspicion, asked }, error),
        }
        true
    }

    /// Ends a request that is not granted.
    fn refuse(&mut self, request: Request, error: SubscribeError) {
        match request {
            Request::Subscribe { asked: Some((id, outcome)), identifier, .. } => {
                if let Some((filter, Some(_))) = self.forget(id) {
                    self.at_broker.remove(&filter);
                }
                self.release(identifier);
                let _ = outcome.send(Err(error));
            }
            // It stays routed, and is asked for again at the next connection.
            Request::Subscribe { .. } => {
                crate::log::error!(%error, "refused to subscribe again after a reconnect")
            }
            Request::Unsubscribe { .. } => {}
        }
    }

    /// Deals out an UNSUBACK; whatever it says, the route is gone. False for one of a packet id that nothing was asked with.
    pub(super) fn unsubscribed(&mut self, packet: u16) -> bool {
        match self.answered(packet) {
            Some(Request::Unsubscribe { filter, identifier, leaving, done }) => {
                if let Some(id) = leaving {
                    self.forget(id);
                }
                // Where it is in use again, it may have been asked for again as well.
                if !self.held.contains_key(&filter) {
                    self.at_broker.remove(&filter);
                }
                self.release(identifier);
                if let Some(done) = done {
                    let _ = done.send(());
                }
                true
            }
            Some(request) => {
                self.sent.push_front((packet, request));
                false
            }
            None => false,
        }
    }

    /// The broker hung up at what it lacks: what needs that is refused, at this connection and later ones.
    pub(super) fn lacking(&mut self, broker: &Capabilities) {
        let open: Vec<Request> =
            self.sent.drain(..).map(|(_, request)| request).chain(self.waiting.drain(..)).collect();
        for request in open {
            match refusal(&request, broker) {
                None => self.waiting.push_back(request),
                Some(error) => self.refuse(request, error),
            }
        }
    }

    /// Takes everything back after the connection was lost.
    pub(super) fn lost(&mut self, blame: Blame) {
        let mut back: VecDeque<Request> = self.sent.drain(..).map(|(_, request)| request).collect();
        if let Some(Request::Subscribe { filter, suspicion, asked: Some(_), .. }) = back.front_mut() {
            *suspicion = suspicion.saturating_add(blame.weight());
            if *suspicion >= POISON {
                let error = SubscribeError::Interrupted { filter: filter.filter.clone() };
                crate::log::error!(
                    filter = filter.filter,
                    "gave up a subscription: each connection ended before its answer"
                );
                back.pop_front().into_iter().for_each(|poison| self.refuse(poison, error.clone()));
            }
        }
        back.append(&mut self.waiting);
        // What was to be made again is found out anew.
        back.retain(|request| !matches!(request, Request::Subscribe { asked: None, .. }));
        self.waiting = back;
    }

    /// Puts everything in front that is held, whether or not the broker still has the session: Mosquitto 2.0 comes back
    /// from a restart with its sessions and without their shared subscriptions (`SUB-10`). In a session that goes on,
    /// retained messages come again only where the broker had lost the subscription.
    pub(super) fn resume(&mut self, session_present: bool) {
        self.held.values_mut().for_each(|held| held.granted = false);
        for request in std::mem::take(&mut self.waiting) {
            let keep = match &request {
                Request::Subscribe { filter, .. } => self.held.contains_key(filter.filter.as_str()),
                Request::Unsubscribe { filter, leaving, .. } => {
                    // Nothing to undo in a session that is gone, nor where somebody has subscribed again. Dropping `done`
                    // says so.
                    let routes = self.held.get(filter).map_or(0, |held| held.routes.len());
                    let keep = session_present && routes == usize::from(leaving.is_some());
                    if let Some(id) = leaving.filter(|_| !keep) {
                        self.forget(id);
                    }
                    keep
                }
            };
            if keep {
                self.waiting.push_back(request);
            }
        }
        if !session_present {
            self.at_broker.clear();
            self.by_identifier.retain(|_, filter| self.held.contains_key(filter));
        }
        let waiting: HashSet<&str> = self.waiting.iter().map(Request::name).collect();
        let again: Vec<Request> = self
            .held
            .iter()
            .filter(|(name, _)| !waiting.contains(&***name))
            .map(|(name, held)| {
                let retain_handling = match held.retain_handling {
                    RetainHandling::Send if session_present => RetainHandling::SendIfNew,
                    other => other,
                };
                let filter = Filter { filter: name.to_string(), qos: held.qos, retain_handling };
                Request::Subscribe { filter, identifier: held.identifier, suspicion: 0, asked: None }
            })
            .collect();
        again.into_iter().for_each(|request| self.waiting.push_front(request));
    }
}

/// Why a packet is not sent.
fn refusal(request: &Request, broker: &Capabilities) -> Option<SubscribeError> {
    let Request::Subscribe { filter, .. } = request else { return None };
    let name = || filter.filter.clone();
    if let Some(feature) = broker.lacks_for_filter(filter) {
        return Some(SubscribeError::Unsupported { filter: name(), feature });
    }
    let (size, limit) = (size::subscribe(filter), broker.limit);
    (size > limit).then(|| SubscribeError::Rejected {
        filter: name(),
        code: 0x95,
        name: "packet too large",
        reason: Some(format!("{size} bytes, and the broker accepts {limit}")),
    })
}

/// How many SUBSCRIBE and UNSUBSCRIBE packets are unanswered at most.
const MOST_SENT: usize = 1024;

/// All identifiers are four bytes long.
const FIRST_IDENTIFIER: u32 = 1 << 21;
const LAST_IDENTIFIER: u32 = (1 << 28) - 1;

/// FNV-1a, which is the same in every process and version.
fn identifier(filter: &str) -> u32 {
    let hash =
        filter.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    FIRST_IDENTIFIER + hash % (LAST_IDENTIFIER - FIRST_IDENTIFIER + 1)
}

#[cfg(test)]
mod tests;
