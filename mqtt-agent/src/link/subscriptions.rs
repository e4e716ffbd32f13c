//! What this connection is subscribed to, and the SUBSCRIBE and UNSUBSCRIBE that are on their way. Pure bookkeeping.
//!
//! Each filter is subscribed to by a packet of its own, with an identifier of its own. A broker sends a message once
//! for each filter that matches it; by the identifier each of these copies finds its own subscriptions. By the topic
//! alone each copy would go to all of them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode;
use tokio::sync::oneshot;

use super::blame::{Blame, POISON};
use super::convert;
use super::error::SubscribeError;
use super::inbound::Sink;
use super::message::{Filter, QoS};
use super::outgoing::OutOfStep;
use super::routes::{Route, Routes};
use super::size;

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
    identifier: usize,
    /// Whether the broker's session has it.
    confirmed: bool,
}

/// A packet to send and to be acknowledged.
pub(super) enum Request {
    Subscribe {
        filter: Filter,
        identifier: usize,
        /// How often a connection ended before the answer, weighted.
        suspicion: u8,
        /// Who asked, and for which subscription; nobody when a subscription is made again.
        asked: Option<(u64, oneshot::Sender<Granted>)>,
    },
    Unsubscribe {
        filter: Arc<str>,
        identifier: usize,
        done: Option<oneshot::Sender<()>>,
    },
}

impl Request {
    fn names(&self, name: &str) -> bool {
        matches!(self, Self::Subscribe { filter, .. } if filter.filter == name)
    }
}

/// All subscriptions of a connection.
#[derive(Default)]
pub(super) struct Subscriptions {
    routes: Routes,
    held: HashMap<Arc<str>, Held>,
    by_id: HashMap<u64, Arc<str>>,
    /// Kept until the broker has acknowledged the end, so that what is still on its way goes nowhere.
    by_identifier: HashMap<usize, Arc<str>>,
    waiting: VecDeque<Request>,
    handed: VecDeque<Request>,
    sent: VecDeque<(u16, Request)>,
}

impl Subscriptions {
    /// Adds the sinks of the subscriptions that a message was sent for.
    pub(super) fn find(&self, topic: &str, identifiers: &[usize], found: &mut Vec<Sink>) {
        let mut known = false;
        for filter in identifiers.iter().filter_map(|identifier| self.by_identifier.get(identifier)) {
            known = true;
            let routes = self.held.get(filter).into_iter().flat_map(|held| &held.routes);
            let alive = routes.filter(|route| route.alive.load(Ordering::Acquire));
            found.extend(alive.map(|route| Arc::clone(&route.sink)));
        }
        // The broker knows no identifiers, or the session is one that an earlier process made.
        if !known {
            self.routes.find(topic, found);
        }
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
            identifier,
            confirmed: false,
        });
        held.routes.push(route);
        // The broker replaces an equal filter's subscription, so that a lower level would take from the others.
        held.qos = held.qos.max(filter.qos);
        let filter = Filter { qos: held.qos, ..filter };
        self.waiting.push_back(Request::Subscribe {
            filter,
            identifier,
            suspicion: 0,
            asked: Some((id, outcome)),
        });
    }

    /// The filter's identifier. It depends on nothing but the filter, so that messages of a session that an earlier
    /// process left are recognized.
    fn identifier(&mut self, filter: &Arc<str>) -> usize {
        let mut identifier = identifier(filter);
        // Two filters with one identifier: as good as never, and then the later one moves on.
        while self.by_identifier.get(&identifier).is_some_and(|other| other != filter) {
            identifier = if identifier == LAST_IDENTIFIER { FIRST_IDENTIFIER } else { identifier + 1 };
        }
        self.by_identifier.insert(identifier, Arc::clone(filter));
        identifier
    }

    /// Ends a subscription; asks the broker when it was the last one of its filter.
    pub(super) fn unsubscribe(&mut self, id: u64, done: Option<oneshot::Sender<()>>) {
        // Not known any more: refused, and then nothing is to be undone. Dropping `done` says so.
        if let Some((filter, Some(identifier))) = self.forget(id) {
            self.waiting.push_back(Request::Unsubscribe { filter, identifier, done });
        }
    }

    /// Removes the route, and returns the filter with its identifier where that is now unused.
    fn forget(&mut self, id: u64) -> Option<(Arc<str>, Option<usize>)> {
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
    fn release(&mut self, identifier: usize) {
        if self.by_identifier.get(&identifier).is_some_and(|filter| !self.held.contains_key(filter)) {
            self.by_identifier.remove(&identifier);
        }
    }

    /// Whether there is nothing to hand over.
    pub(super) fn nothing_waits(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next packet to hand over. One that is larger than the broker accepts is refused here, for it would end the
    /// connection.
    pub(super) fn next(&mut self, limit: usize) -> Option<&Request> {
        while let Some(Request::Subscribe { filter, .. }) = self.waiting.front()
            && size::subscribe(filter) > limit
        {
            let filter = filter.filter.clone();
            let error = SubscribeError::Rejected { filter, code: 0x95, name: "packet too large" };
            if let Some(request) = self.waiting.pop_front() {
                self.refuse(request, error);
            }
        }
        self.waiting.front()
    }

    /// Notes that the packet of [`Subscriptions::next`] was handed over.
    pub(super) fn handed(&mut self) {
        self.handed.extend(self.waiting.pop_front());
    }

    /// Notes that the client library sent a SUBSCRIBE or UNSUBSCRIBE with this packet id.
    pub(super) fn sent(&mut self, packet: u16) -> Result<(), OutOfStep> {
        let request = self.handed.pop_front().ok_or(OutOfStep)?;
        self.sent.push_back((packet, request));
        Ok(())
    }

    fn answered(&mut self, packet: u16) -> Option<Request> {
        let index = self.sent.iter().position(|(sent, _)| *sent == packet)?;
        self.sent.remove(index).map(|(_, request)| request)
    }

    /// Deals out a SUBACK.
    pub(super) fn subscribed(&mut self, packet: u16, codes: &[SubscribeReasonCode]) {
        let Some(Request::Subscribe { filter, identifier, suspicion, asked }) = self.answered(packet) else {
            return;
        };
        match convert::granted(&filter.filter, codes.first().copied()) {
            Ok(()) => {
                if let Some(held) = self.held.get_mut(filter.filter.as_str()) {
                    held.confirmed = true;
                }
                if let Some((_, outcome)) = asked {
                    // Whoever asked and went away has dropped its subscription, which undoes it.
                    let _ = outcome.send(Ok(()));
                }
            }
            Err(error) => self.refuse(Request::Subscribe { filter, identifier, suspicion, asked }, error),
        }
    }

    /// Ends a request that is not granted.
    fn refuse(&mut self, request: Request, error: SubscribeError) {
        match request {
            Request::Subscribe { asked: Some((id, outcome)), identifier, .. } => {
                self.forget(id);
                self.release(identifier);
                let _ = outcome.send(Err(error));
            }
            // It stays routed, and is asked for again at the next connection.
            Request::Subscribe { .. } => tracing::error!(%error, "a subscription was not granted again"),
            Request::Unsubscribe { .. } => {}
        }
    }

    /// Deals out an UNSUBACK. Whatever it says, the route is gone.
    pub(super) fn unsubscribed(&mut self, packet: u16) {
        if let Some(Request::Unsubscribe { identifier, done, .. }) = self.answered(packet) {
            self.release(identifier);
            if let Some(done) = done {
                let _ = done.send(());
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
                back.pop_front().into_iter().for_each(|poison| self.refuse(poison, error.clone()));
            }
        }
        back.append(&mut self.handed);
        back.append(&mut self.waiting);
        // What was to be made again is found out anew.
        back.retain(|request| !matches!(request, Request::Subscribe { asked: None, .. }));
        self.waiting = back;
    }

    /// Puts in front what the broker's session lacks.
    pub(super) fn resume(&mut self, session_present: bool) {
        if !session_present {
            self.held.values_mut().for_each(|held| held.confirmed = false);
            // Nothing to undo in a session that is gone; dropping `done` says so.
            self.waiting.retain(|request| matches!(request, Request::Subscribe { .. }));
            self.by_identifier.retain(|_, filter| self.held.contains_key(filter));
        }
        let waiting = &self.waiting;
        let missing: Vec<Request> = self
            .held
            .iter()
            .filter(|(name, held)| !held.confirmed && !waiting.iter().any(|request| request.names(name)))
            .map(|(name, held)| {
                let filter = Filter { qos: held.qos, ..Filter::new(&**name) };
                Request::Subscribe { filter, identifier: held.identifier, suspicion: 0, asked: None }
            })
            .collect();
        missing.into_iter().for_each(|request| self.waiting.push_front(request));
    }
}

/// All identifiers are four bytes long.
const FIRST_IDENTIFIER: usize = 1 << 21;
const LAST_IDENTIFIER: usize = (1 << 28) - 1;

/// FNV-1a, which is the same in every process and version.
fn identifier(filter: &str) -> usize {
    let hash =
        filter.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    FIRST_IDENTIFIER + hash as usize % (LAST_IDENTIFIER - FIRST_IDENTIFIER + 1)
}

#[cfg(test)]
mod tests;
