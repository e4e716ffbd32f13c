//! What this connection is subscribed to, and the SUBSCRIBE and UNSUBSCRIBE that are on their way. Pure bookkeeping.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode;
use tokio::sync::oneshot;

use super::convert;
use super::error::SubscribeError;
use super::inbound::Sink;
use super::message::{Filter, QoS};
use super::outgoing::{Blame, OutOfStep, POISON};
use super::routes::{Route, Routes};
use super::size;

/// How many filters a SUBSCRIBE of ours carries when subscriptions are made again; some brokers take no more.
const FILTERS_A_PACKET: usize = 8;

/// The outcomes of one `subscribe`, a filter each.
pub(super) type Outcomes = Vec<Result<(), SubscribeError>>;

/// A filter that is in use.
struct Held {
    /// The subscriptions that use it.
    users: Vec<u64>,
    qos: QoS,
    /// Whether the broker's session has it.
    confirmed: bool,
}

/// A packet to send and to be acknowledged.
pub(super) enum Request {
    Subscribe {
        filters: Vec<Filter>,
        /// How often a connection ended before the answer, weighted.
        suspicion: u8,
        /// Who asked, with the subscription's id for each filter; nobody when a subscription is made again.
        asked: Option<(Vec<u64>, oneshot::Sender<Outcomes>)>,
    },
    Unsubscribe {
        filter: Arc<str>,
        done: Option<oneshot::Sender<()>>,
    },
}

impl Request {
    fn names(&self, filter: &str) -> bool {
        matches!(self, Self::Subscribe { filters, .. } if filters.iter().any(|wanted| wanted.filter == filter))
    }
}

/// All subscriptions of a connection.
#[derive(Default)]
pub(super) struct Subscriptions {
    routes: Routes,
    held: HashMap<Arc<str>, Held>,
    by_id: HashMap<u64, Arc<str>>,
    waiting: VecDeque<Request>,
    handed: VecDeque<Request>,
    sent: VecDeque<(u16, Request)>,
}

impl Subscriptions {
    /// Adds the sinks of a topic's subscriptions.
    pub(super) fn find(&self, topic: &str, found: &mut Vec<Sink>) {
        self.routes.find(topic, found);
    }

    /// Routes at once, for the broker may deliver before it acknowledges, and asks the broker.
    pub(super) fn subscribe(&mut self, wanted: Vec<(Filter, Route)>, outcome: oneshot::Sender<Outcomes>) {
        let mut filters = Vec::with_capacity(wanted.len());
        let mut ids = Vec::with_capacity(wanted.len());
        for (filter, route) in wanted {
            let id = route.id;
            self.routes.insert(&filter.filter, route);
            let name: Arc<str> = filter.filter.as_str().into();
            let held = self.held.entry(Arc::clone(&name)).or_insert(Held {
                users: Vec::new(),
                qos: filter.qos,
                confirmed: false,
            });
            held.users.push(id);
            held.qos = held.qos.max(filter.qos);
            self.by_id.insert(id, name);
            // The broker replaces an equal filter's subscription, so that a lower level would take from the others.
            filters.push(Filter { filter: filter.filter, qos: held.qos });
            ids.push(id);
        }
        self.waiting.push_back(Request::Subscribe { filters, suspicion: 0, asked: Some((ids, outcome)) });
    }

    /// Ends a subscription; asks the broker when it was the last one of its filter.
    pub(super) fn unsubscribe(&mut self, id: u64, done: Option<oneshot::Sender<()>>) {
        // Not known any more: refused, and then nothing is to be undone. Dropping `done` says so.
        if let Some((filter, true)) = self.forget(id) {
            self.waiting.push_back(Request::Unsubscribe { filter, done });
        }
    }

    /// Removes the route and says whether the filter is now unused.
    fn forget(&mut self, id: u64) -> Option<(Arc<str>, bool)> {
        let filter = self.by_id.remove(&id)?;
        self.routes.remove(&filter, id);
        let held = self.held.get_mut(&filter)?;
        held.users.retain(|user| *user != id);
        let unused = held.users.is_empty();
        if unused {
            self.held.remove(&filter);
        }
        Some((filter, unused))
    }

    /// Whether there is nothing to hand over.
    pub(super) fn nothing_waits(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next packet to hand over. One that is larger than the broker accepts is refused here, for it would end the
    /// connection.
    pub(super) fn next(&mut self, limit: usize) -> Option<&Request> {
        while let Some(Request::Subscribe { filters, .. }) = self.waiting.front()
            && size::subscribe(filters) > limit
        {
            let refuse = |filter: &Filter| {
                let filter = filter.filter.clone();
                SubscribeError::Rejected { filter, code: 0x95, name: "packet too large" }
            };
            if let Some(request) = self.waiting.pop_front() {
                self.refuse(request, refuse);
            }
        }
        self.waiting.front()
    }

    /// Fails all filters of a packet that gets no answer.
    fn refuse(&mut self, request: Request, error: impl Fn(&Filter) -> SubscribeError) {
        let Request::Subscribe { filters, asked: Some((ids, outcome)), .. } = request else { return };
        ids.into_iter().for_each(|id| drop(self.forget(id)));
        let _ = outcome.send(filters.iter().map(|filter| Err(error(filter))).collect());
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
        let Some(Request::Subscribe { filters, asked, .. }) = self.answered(packet) else { return };
        let mut outcomes = Vec::with_capacity(filters.len());
        let (ids, outcome) = asked.unzip();
        for (index, Filter { filter, .. }) in filters.iter().enumerate() {
            let verdict = convert::granted(filter, codes.get(index).copied());
            match &verdict {
                Ok(()) => {
                    if let Some(held) = self.held.get_mut(filter.as_str()) {
                        held.confirmed = true;
                    }
                }
                Err(error) => match ids.as_ref().and_then(|ids| ids.get(index)) {
                    Some(id) => drop(self.forget(*id)),
                    None => tracing::error!(filter, %error, "a subscription was not granted again"),
                },
            }
            outcomes.push(verdict);
        }
        if let Some(outcome) = outcome {
            // Whoever asked and went away has dropped its subscriptions, which undoes them.
            let _ = outcome.send(outcomes);
        }
    }

    /// Deals out an UNSUBACK. Whatever it says, the route is gone.
    pub(super) fn unsubscribed(&mut self, packet: u16) {
        if let Some(Request::Unsubscribe { done: Some(done), .. }) = self.answered(packet) {
            let _ = done.send(());
        }
    }

    /// Takes everything back after the connection was lost.
    pub(super) fn lost(&mut self, blame: Blame) {
        let mut back: VecDeque<Request> = self.sent.drain(..).map(|(_, request)| request).collect();
        if let Some(Request::Subscribe { suspicion, asked: Some(_), .. }) = back.front_mut() {
            *suspicion = suspicion.saturating_add(blame.weight());
            if *suspicion >= POISON
                && let Some(poison) = back.pop_front()
            {
                self.refuse(poison, |filter| SubscribeError::Interrupted { filter: filter.filter.clone() });
            }
        }
        back.append(&mut self.handed);
        back.append(&mut self.waiting);
        // What was to be made again is found out anew.
        back.retain(|request| !matches!(request, Request::Subscribe { asked: None, .. }));
        self.waiting = back;
    }

    /// Puts in front what the broker's session lacks.
    pub(super) fn resume(&mut self, session_present: bool, limit: usize) {
        if !session_present {
            self.held.values_mut().for_each(|held| held.confirmed = false);
            // Nothing to undo in a session that is gone; dropping `done` says so.
            self.waiting.retain(|request| matches!(request, Request::Subscribe { .. }));
        }
        let waiting = &self.waiting;
        let missing: Vec<Filter> = self
            .held
            .iter()
            .filter(|(filter, held)| !held.confirmed && !waiting.iter().any(|request| request.names(filter)))
            .map(|(filter, held)| Filter { filter: filter.to_string(), qos: held.qos })
            .collect();
        let mut packet: Vec<Filter> = Vec::new();
        let mut packets = Vec::new();
        for filter in missing {
            packet.push(filter);
            if (packet.len() > FILTERS_A_PACKET || size::subscribe(&packet) > limit)
                && let Some(last) = packet.pop()
            {
                packets.push(std::mem::replace(&mut packet, vec![last]));
            }
        }
        packets.push(packet);
        for filters in packets.into_iter().filter(|filters| !filters.is_empty()) {
            self.waiting.push_front(Request::Subscribe { filters, suspicion: 0, asked: None });
        }
    }
}

#[cfg(test)]
mod tests;
