//! Sessions, retained messages, and who is sent what.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc;

use super::bytes::{Value, property};
use super::knobs::{Knobs, Retained, Sessions};
use super::packets::{Connect, Publish, Subscribe, publish_bytes};

/// What a connection's writer is told.
#[derive(Debug)]
pub(super) enum Order {
    Write(Vec<u8>),
    /// One byte after the other, with a pause after each.
    Trickle(Vec<u8>, Duration),
    /// So many packets that a function makes by their number; each is made when there is room for it.
    Flood(usize, Make),
    Close,
}

/// Makes a packet by its number.
pub(super) struct Make(pub(super) Box<dyn Fn(usize) -> Vec<u8> + Send + Sync>);

impl std::fmt::Debug for Make {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Make").finish_non_exhaustive()
    }
}

/// Where a client's packets go while it is connected.
#[derive(Debug)]
pub(super) struct Online {
    pub(super) connection: usize,
    pub(super) orders: mpsc::UnboundedSender<Order>,
    receive_maximum: usize,
    max_packet_size: usize,
}

#[derive(Debug, Clone)]
struct Subscription {
    filter: String,
    options: u8,
    identifier: Option<u32>,
}

impl Subscription {
    fn is_shared(&self) -> bool {
        self.filter.starts_with("$share/")
    }

    fn qos(&self) -> u8 {
        self.options & 3
    }
}

/// One client's session.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) online: Option<Online>,
    subscriptions: Vec<Subscription>,
    unacknowledged: BTreeMap<u16, Publish>,
    queue: VecDeque<Publish>,
    last_id: u16,
}

impl Session {
    /// Sends what the client takes; the rest waits.
    fn pump(&mut self) {
        let Some(online) = &self.online else { return };
        while let Some(mut publish) = self.queue.pop_front() {
            if publish.qos > 0 {
                if self.unacknowledged.len() >= online.receive_maximum {
                    self.queue.push_front(publish);
                    return;
                }
                self.last_id = if self.last_id == u16::MAX { 1 } else { self.last_id + 1 };
                publish.id = self.last_id;
            }
            let bytes = publish_bytes(&publish.topic, &publish);
            if bytes.len() > online.max_packet_size {
                continue;
            }
            if publish.qos > 0 {
                self.unacknowledged.insert(publish.id, publish);
            }
            drop(online.orders.send(Order::Write(bytes)));
        }
    }
}

/// What all connections share.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) knobs: Knobs,
    pub(super) sessions: BTreeMap<String, Session>,
    retained: BTreeMap<String, Publish>,
    turn: usize,
}

impl State {
    pub(super) fn new(knobs: Knobs) -> Self {
        Self { knobs, ..Self::default() }
    }

    /// A client comes; whether its session was there. The connection that it had is in [`Session::online`] until then.
    pub(super) fn arrive(
        &mut self,
        connect: &Connect,
        connection: usize,
        orders: mpsc::UnboundedSender<Order>,
    ) -> bool {
        let lost = connect.clean_start || self.knobs.sessions == Sessions::Lost;
        if lost {
            self.sessions.remove(&connect.client_id);
        }
        let present = self.sessions.contains_key(&connect.client_id);
        let session = self.sessions.entry(connect.client_id.clone()).or_default();
        if self.knobs.sessions == Sessions::WithoutShared {
            session.subscriptions.retain(|subscription| !subscription.is_shared());
        }
        let number = |id| connect.properties.number(id).map(|number| number as usize);
        session.online = Some(Online {
            connection,
            orders,
            receive_maximum: number(property::RECEIVE_MAXIMUM).unwrap_or(usize::from(u16::MAX)),
            max_packet_size: number(property::MAXIMUM_PACKET_SIZE).unwrap_or(usize::MAX),
        });
        present
    }

    /// CONNACK is sent: what the session still has goes out.
    pub(super) fn resume(&mut self, client: &str) {
        let Some(session) = self.sessions.get_mut(client) else { return };
        if let Some(online) = &session.online {
            for publish in session.unacknowledged.values_mut() {
                publish.dup = true;
                drop(online.orders.send(Order::Write(publish_bytes(&publish.topic, publish))));
            }
        }
        session.pump();
    }

    /// A connection ended.
    pub(super) fn leave(&mut self, client: &str, connection: usize, keeps: bool) {
        let Some(session) = self.sessions.get_mut(client) else { return };
        if session.online.as_ref().is_some_and(|online| online.connection == connection) {
            session.online = None;
            if !keeps {
                self.sessions.remove(client);
            }
        }
    }

    pub(super) fn acknowledged(&mut self, client: &str, id: u16) {
        if let Some(session) = self.sessions.get_mut(client) {
            session.unacknowledged.remove(&id);
            session.pump();
        }
    }

    /// Whether everything that was sent is acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.sessions.values().all(|session| session.queue.is_empty() && session.unacknowledged.is_empty())
    }

    /// Takes granted filters into the session; the retained messages that are to follow the SUBACK.
    pub(super) fn subscribe(&mut self, client: &str, subscribe: &Subscribe, granted: &[u8]) -> Vec<Publish> {
        let mut retained = Vec::new();
        let Some(session) = self.sessions.get_mut(client) else { return retained };
        for ((filter, options), reason) in subscribe.filters.iter().zip(granted) {
            if *reason > 2 {
                continue;
            }
            let before = session.subscriptions.len();
            session.subscriptions.retain(|subscription| subscription.filter != *filter);
            let known = session.subscriptions.len() < before;
            let (options, filter) = (options & !3 | reason, filter.clone());
            let subscription = Subscription { filter, options, identifier: subscribe.identifier };
            let wanted = match options >> 4 & 3 {
                0 => true,
                1 => !known,
                _ => false,
            };
            let plain = !subscription.filter.contains(['+', '#']);
            if wanted
                && !subscription.is_shared()
                && (plain || self.knobs.retained != Retained::NotForWildcards)
            {
                let sent = match self.knobs.retained {
                    Retained::Unidentified => Subscription { identifier: None, ..subscription.clone() },
                    _ => subscription.clone(),
                };
                let found = self.retained.values().filter(|kept| matches(&sent.filter, &kept.topic));
                retained.extend(found.map(|kept| copy(kept, &[&sent], true)));
            }
            session.subscriptions.push(subscription);
        }
        retained
    }

    pub(super) fn unsubscribe(&mut self, client: &str, filters: &[String]) {
        if let Some(session) = self.sessions.get_mut(client) {
            session.subscriptions.retain(|subscription| !filters.contains(&subscription.filter));
        }
    }

    /// Queues for one client.
    pub(super) fn send(&mut self, client: &str, publishes: impl IntoIterator<Item = Publish>) {
        if let Some(session) = self.sessions.get_mut(client) {
            session.queue.extend(publishes);
            session.pump();
        }
    }

    /// Delivers to all subscribers.
    pub(super) fn publish(&mut self, from: Option<&str>, publish: &Publish) {
        if publish.retain && self.knobs.retained != Retained::Dropped {
            if publish.payload.is_empty() {
                self.retained.remove(&publish.topic);
            } else {
                self.retained.insert(publish.topic.clone(), publish.clone());
            }
        }
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (client, session) in &mut self.sessions {
            let matching: Vec<_> = session
                .subscriptions
                .iter()
                .filter(|subscription| matches(&subscription.filter, &publish.topic))
                .collect();
            let (shared, own): (Vec<_>, Vec<_>) =
                matching.into_iter().partition(|subscription| subscription.is_shared());
            if session.online.is_some() {
                for subscription in shared {
                    groups.entry(subscription.filter.clone()).or_default().push(client.clone());
                }
            }
            let local = from.is_some_and(|from| from == client);
            let own: Vec<_> = own.into_iter().filter(|own| !(local && own.options & 4 != 0)).collect();
            let copies: Vec<_> = match own.as_slice() {
                [] => Vec::new(),
                several if self.knobs.merge => vec![copy(publish, several, false)],
                several => several.iter().map(|one| copy(publish, &[one], false)).collect(),
            };
            let offline = session.online.is_none();
            session.queue.extend(copies.into_iter().filter(|copy| copy.qos > 0 || !offline));
            session.pump();
        }
        for (filter, members) in groups {
            if !self.knobs.deliver_shared {
                continue;
            }
            self.turn += 1;
            let member = &members[self.turn % members.len()];
            let Some(session) = self.sessions.get_mut(member) else { continue };
            if let Some(subscription) = session.subscriptions.iter().find(|given| given.filter == filter) {
                session.queue.push_back(copy(publish, &[subscription], false));
            }
            session.pump();
        }
    }
}

/// A message as a client gets it for some of its subscriptions.
fn copy(publish: &Publish, subscriptions: &[&Subscription], kept: bool) -> Publish {
    let mut copy = publish.clone();
    copy.dup = false;
    copy.qos = subscriptions.iter().map(|given| given.qos()).max().unwrap_or(0).min(publish.qos);
    let as_published = subscriptions.iter().any(|given| given.options & 8 != 0);
    copy.retain = kept || (as_published && publish.retain);
    copy.properties.0.retain(|(id, _)| *id != property::TOPIC_ALIAS);
    for identifier in subscriptions.iter().filter_map(|given| given.identifier) {
        copy.properties.0.push((property::SUBSCRIPTION_IDENTIFIER, Value::Variable(identifier)));
    }
    copy
}

/// Whether a filter, shared or not, matches a topic.
pub(super) fn matches(filter: &str, topic: &str) -> bool {
    let filter = match filter.strip_prefix("$share/") {
        Some(shared) => shared.split_once('/').map_or("", |(_, filter)| filter),
        None => filter,
    };
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn filters_match_as_mqtt_says() {
        for (filter, topic, expected) in [
            ("a/b", "a/b", true),
            ("a/+", "a/b", true),
            ("a/+", "a/b/c", false),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true),
            ("#", "$SYS/x", false),
            ("$share/g/a/+", "a/b", true),
            ("$share/g/a/+", "b/b", false),
            ("a", "a/b", false),
            ("a/b", "a", false),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }
}
