//! What this connection is subscribed to, and the SUBSCRIBE and UNSUBSCRIBE that are on their way. Pure bookkeeping.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode;
use tokio::sync::oneshot;

use super::convert;
use super::error::SubscribeError;
use super::inbound::Sink;
use super::message::{Filter, QoS};
use super::outgoing::OutOfStep;
use super::routes::{Route, Routes};

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
        self.waiting.push_back(Request::Subscribe { filters, asked: Some((ids, outcome)) });
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

    /// The next packet to hand over.
    pub(super) fn next(&self) -> Option<&Request> {
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
        let Some(Request::Subscribe { filters, asked }) = self.answered(packet) else { return };
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
    pub(super) fn lost(&mut self) {
        let mut back: VecDeque<Request> = self.sent.drain(..).map(|(_, request)| request).collect();
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
        }
        let waiting = &self.waiting;
        let missing: Vec<Filter> = self
            .held
            .iter()
            .filter(|(filter, held)| !held.confirmed && !waiting.iter().any(|request| request.names(filter)))
            .map(|(filter, held)| Filter { filter: filter.to_string(), qos: held.qos })
            .collect();
        for filters in missing.chunks(FILTERS_A_PACKET) {
            self.waiting.push_front(Request::Subscribe { filters: filters.to_vec(), asked: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SubscribeReasonCode::{NotAuthorized, Success};
    use rumqttc::v5::mqttbytes::QoS as ClientQoS;
    use std::sync::atomic::AtomicBool;

    const GRANTED: SubscribeReasonCode = Success(ClientQoS::AtLeastOnce);

    fn ask(subs: &mut Subscriptions, wanted: &[(&str, u64)]) -> oneshot::Receiver<Outcomes> {
        let (tx, rx) = oneshot::channel();
        let alive = Arc::new(AtomicBool::new(true));
        let route = |id| Route { id, sink: Arc::new(|_| {}), alive: Arc::clone(&alive) };
        subs.subscribe(wanted.iter().map(|(filter, id)| (Filter::new(*filter), route(*id))).collect(), tx);
        rx
    }

    /// Sends everything that waits, with packet ids from `packet` on, and returns it as text.
    fn send(subs: &mut Subscriptions, packet: u16) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(request) = subs.next() {
            out.push(match request {
                Request::Subscribe { filters, .. } => {
                    let names: Vec<_> = filters.iter().map(|filter| filter.filter.as_str()).collect();
                    format!("+{}", names.join(","))
                }
                Request::Unsubscribe { filter, .. } => format!("-{filter}"),
            });
            subs.handed();
            subs.sent(packet + u16::try_from(out.len()).unwrap() - 1).unwrap();
        }
        out
    }

    fn found(subs: &Subscriptions, topic: &str) -> usize {
        let mut sinks = Vec::new();
        subs.find(topic, &mut sinks);
        sinks.len()
    }

    #[test]
    fn each_filter_has_its_own_outcome() {
        let mut subs = Subscriptions::default();
        let mut rx = ask(&mut subs, &[("a", 1), ("b", 2)]);
        assert_eq!(send(&mut subs, 1), ["+a,b"]);
        subs.subscribed(1, &[GRANTED, NotAuthorized]);
        let outcomes = rx.try_recv().unwrap();
        assert_eq!(outcomes, [Ok(()), Err(SubscribeError::Denied { filter: "b".into() })]);
        assert_eq!((found(&subs, "a"), found(&subs, "b")), (1, 0));
        subs.unsubscribe(2, None);
        assert!(subs.next().is_none());
    }

    #[test]
    fn only_the_last_subscription_of_a_filter_is_undone_at_the_broker() {
        let mut subs = Subscriptions::default();
        let _rx = (ask(&mut subs, &[("a", 1)]), ask(&mut subs, &[("a", 2)]));
        assert_eq!(send(&mut subs, 1), ["+a", "+a"]);
        assert_eq!(found(&subs, "a"), 2);
        subs.unsubscribe(1, None);
        assert!(subs.next().is_none());
        let (done, mut gone) = oneshot::channel();
        subs.unsubscribe(2, Some(done));
        assert_eq!(found(&subs, "a"), 0);
        assert_eq!(send(&mut subs, 3), ["-a"]);
        assert!(gone.try_recv().is_err());
        subs.unsubscribed(3);
        assert_eq!(gone.try_recv(), Ok(()));
    }

    #[test]
    fn a_lost_session_is_subscribed_again_before_new_requests() {
        let mut subs = Subscriptions::default();
        let _rx = ask(&mut subs, &[("a", 1)]);
        send(&mut subs, 1);
        subs.subscribed(1, &[GRANTED]);
        let _later = ask(&mut subs, &[("b", 2)]);
        subs.lost();
        subs.resume(false);
        assert_eq!(send(&mut subs, 1), ["+a", "+b"]);
    }

    #[test]
    fn a_kept_session_is_asked_only_for_what_it_lacks() {
        let mut subs = Subscriptions::default();
        let _rx = ask(&mut subs, &[("a", 1)]);
        send(&mut subs, 1);
        subs.subscribed(1, &[GRANTED]);
        let mut rx = ask(&mut subs, &[("b", 2)]);
        send(&mut subs, 2);
        subs.lost();
        subs.resume(true);
        assert_eq!(send(&mut subs, 3), ["+b"]);
        subs.subscribed(3, &[GRANTED]);
        assert_eq!(rx.try_recv(), Ok(vec![Ok(())]));
    }

    #[test]
    fn an_unsubscribe_survives_a_kept_session_and_ends_with_a_lost_one() {
        let mut subs = Subscriptions::default();
        let _rx = ask(&mut subs, &[("a", 1)]);
        send(&mut subs, 1);
        subs.subscribed(1, &[GRANTED]);
        subs.unsubscribe(1, None);
        send(&mut subs, 2);
        subs.lost();
        subs.resume(true);
        assert_eq!(send(&mut subs, 3), ["-a"]);
        subs.lost();
        subs.resume(false);
        assert!(subs.next().is_none());
    }

    #[test]
    fn what_was_refused_again_is_tried_at_the_next_connection() {
        let mut subs = Subscriptions::default();
        let _rx = ask(&mut subs, &[("a", 1)]);
        send(&mut subs, 1);
        subs.subscribed(1, &[GRANTED]);
        subs.lost();
        subs.resume(false);
        assert_eq!(send(&mut subs, 1), ["+a"]);
        subs.subscribed(1, &[NotAuthorized]);
        subs.lost();
        subs.resume(true);
        assert_eq!(send(&mut subs, 1), ["+a"]);
    }
}
