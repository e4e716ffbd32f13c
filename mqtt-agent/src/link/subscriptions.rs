//! The subscriptions of a connection: what is subscribed, who waits for the broker's word, and what has to be asked
//! for again on a new connection.

use std::collections::{HashMap, VecDeque};

use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode;
use tokio::sync::oneshot;

use super::convert::subscribed;
use super::error::SubscribeError;

/// How many filters go into one SUBSCRIBE.
const MOST_FILTERS: usize = 64;

/// A subscription that waits for the broker's word.
#[derive(Debug)]
pub(super) struct Asked {
    id: u64,
    filter: String,
    reply: Option<oneshot::Sender<Result<(), SubscribeError>>>,
}

/// The end of a subscription that waits for the broker's word.
#[derive(Debug)]
pub(super) struct Left {
    filter: String,
    reply: Option<oneshot::Sender<()>>,
}

/// What is to be sent to the broker next.
#[derive(Debug)]
pub(super) enum Request {
    Subscribe(Vec<Asked>),
    Unsubscribe(Left),
}

/// All subscriptions of a connection.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Who uses a filter.
    users: HashMap<String, Vec<u64>>,
    filter_of: HashMap<u64, String>,
    /// Not handed to the client library yet.
    queue: VecDeque<Request>,
    /// Handed over, in order.
    handed_subscribe: VecDeque<Vec<Asked>>,
    handed_unsubscribe: VecDeque<Left>,
    /// Sent, by packet id.
    sent_subscribe: HashMap<u16, Vec<Asked>>,
    sent_unsubscribe: HashMap<u16, Left>,
}

impl Subscriptions {
    /// Asks for a subscription. It is asked for even where the filter is subscribed already: so its retained messages
    /// come once more.
    pub(super) fn subscribe(&mut self, id: u64, filter: String, reply: oneshot::Sender<Result<(), SubscribeError>>) {
        self.users.entry(filter.clone()).or_default().push(id);
        self.filter_of.insert(id, filter.clone());
        self.queue.push_back(Request::Subscribe(vec![Asked { id, filter, reply: Some(reply) }]));
    }

    /// Ends a subscription; gives its filter. The broker is told when it was the filter's last.
    pub(super) fn unsubscribe(&mut self, id: u64, reply: Option<oneshot::Sender<()>>) -> Option<String> {
        let filter = self.forget(id)?;
        if self.users.contains_key(&filter) {
            reply.map(|reply| reply.send(()));
        } else {
            self.queue.push_back(Request::Unsubscribe(Left { filter: filter.clone(), reply }));
        }
        Some(filter)
    }

    fn forget(&mut self, id: u64) -> Option<String> {
        let filter = self.filter_of.remove(&id)?;
        if let Some(users) = self.users.get_mut(&filter) {
            users.retain(|user| *user != id);
            if users.is_empty() {
                self.users.remove(&filter);
            }
        }
        Some(filter)
    }

    /// What may be handed over next.
    pub(super) fn front(&self) -> Option<(Vec<&str>, bool)> {
        match self.queue.front()? {
            Request::Subscribe(asked) => Some((asked.iter().map(|asked| asked.filter.as_str()).collect(), true)),
            Request::Unsubscribe(left) => Some((vec![left.filter.as_str()], false)),
        }
    }

    /// The front was handed over.
    pub(super) fn handed(&mut self) {
        match self.queue.pop_front() {
            Some(Request::Subscribe(asked)) => self.handed_subscribe.push_back(asked),
            Some(Request::Unsubscribe(left)) => self.handed_unsubscribe.push_back(left),
            None => {}
        }
    }

    pub(super) fn subscribe_sent(&mut self, packet_id: u16) {
        if let Some(asked) = self.handed_subscribe.pop_front() {
            self.sent_subscribe.insert(packet_id, asked);
        }
    }

    pub(super) fn unsubscribe_sent(&mut self, packet_id: u16) {
        if let Some(left) = self.handed_unsubscribe.pop_front() {
            self.sent_unsubscribe.insert(packet_id, left);
        }
    }

    /// The broker's word on each filter. Gives the subscriptions that it refused, with their filters.
    pub(super) fn granted(&mut self, packet_id: u16, codes: &[SubscribeReasonCode]) -> Vec<(u64, String)> {
        let mut refused = Vec::new();
        let asked = self.sent_subscribe.remove(&packet_id).unwrap_or_default();
        for (index, Asked { id, filter, reply }) in asked.into_iter().enumerate() {
            let code = codes.get(index).copied().unwrap_or(SubscribeReasonCode::Unspecified);
            let outcome = subscribed(&filter, code);
            if let Err(error) = &outcome {
                if reply.is_none() {
                    tracing::error!(filter, %error, "a subscription was not granted again after a reconnect");
                }
                self.forget(id);
                refused.push((id, filter));
            }
            reply.map(|reply| reply.send(outcome));
        }
        refused
    }

    pub(super) fn left(&mut self, packet_id: u16) {
        if let Some(left) = self.sent_unsubscribe.remove(&packet_id) {
            left.reply.map(|reply| reply.send(()));
        }
    }

    /// The connection is lost: what the broker has not answered is to be asked for again.
    pub(super) fn interrupted(&mut self) {
        let mut again: Vec<_> = self.sent_subscribe.drain().map(|(_, asked)| Request::Subscribe(asked)).collect();
        again.extend(self.handed_subscribe.drain(..).map(Request::Subscribe));
        again.extend(self.sent_unsubscribe.drain().map(|(_, left)| Request::Unsubscribe(left)));
        again.extend(self.handed_unsubscribe.drain(..).map(Request::Unsubscribe));
        for request in again {
            match &request {
                // Subscribed anew meanwhile, or for another user: then it must not be ended.
                Request::Unsubscribe(left) if self.users.contains_key(&left.filter) => {}
                _ => self.queue.push_front(request),
            }
        }
    }

    /// A new connection is up. Where the broker has not kept the session, everything is asked for again.
    pub(super) fn resumed(&mut self, session_present: bool) {
        if session_present {
            return;
        }
        let mut asked: Vec<Asked> = Vec::with_capacity(self.filter_of.len());
        let mut answered: Vec<u64> = Vec::new();
        for request in self.queue.drain(..) {
            match request {
                Request::Subscribe(more) => {
                    answered.extend(more.iter().map(|asked| asked.id));
                    asked.extend(more);
                }
                // Gone with the session.
                Request::Unsubscribe(left) => drop(left.reply.map(|reply| reply.send(()))),
            }
        }
        asked.retain(|asked| self.filter_of.contains_key(&asked.id));
        for (&id, filter) in &self.filter_of {
            if !answered.contains(&id) {
                asked.push(Asked { id, filter: filter.clone(), reply: None });
            }
        }
        while !asked.is_empty() {
            let rest = asked.split_off(asked.len().min(MOST_FILTERS));
            self.queue.push_back(Request::Subscribe(std::mem::replace(&mut asked, rest)));
        }
    }

    /// How many packets are with the client library or unanswered; each holds a packet id.
    pub(super) fn under_way(&self) -> usize {
        self.handed_subscribe.len()
            + self.sent_subscribe.len()
            + self.handed_unsubscribe.len()
            + self.sent_unsubscribe.len()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.queue.is_empty() && self.under_way() == 0
    }
}
