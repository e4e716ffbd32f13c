//! Which subscriptions a received message belongs to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::inbound::MessageHandler;

/// Where the messages of one subscription go.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) id: u64,
    pub(super) handler: MessageHandler,
    /// Cleared by the subscription's owner; from then on nothing is delivered, whatever is still on its way here.
    pub(super) alive: Arc<AtomicBool>,
}

/// All routes: those of plain topics by one look-up, those with wildcards one after another.
#[derive(Default)]
pub(super) struct Routes {
    exact: HashMap<Box<str>, Vec<Route>>,
    wild: Vec<(Box<str>, Route)>,
}

impl Routes {
    pub(super) fn insert(&mut self, filter: &str, route: Route) {
        let pattern = unshared(filter);
        if pattern.contains(['+', '#']) {
            self.wild.push((pattern.into(), route));
        } else {
            self.exact.entry(pattern.into()).or_default().push(route);
        }
    }

    pub(super) fn remove(&mut self, filter: &str, id: u64) {
        let pattern = unshared(filter);
        if let Some(routes) = self.exact.get_mut(pattern) {
            routes.retain(|route| route.id != id);
            if routes.is_empty() {
                self.exact.remove(pattern);
            }
        }
        self.wild.retain(|(_, route)| route.id != id);
    }

    /// Adds the handlers of all subscriptions that the topic belongs to.
    pub(super) fn find(&self, topic: &str, found: &mut Vec<MessageHandler>) {
        let exact = self.exact.get(topic).into_iter().flatten();
        let wild = self.wild.iter().filter(|(pattern, _)| matches(pattern, topic)).map(|(_, route)| route);
        let alive = exact.chain(wild).filter(|route| route.alive.load(Ordering::Acquire));
        found.extend(alive.map(|route| route.handler.clone()));
    }
}

/// The filter that a shared subscription's messages match.
pub(crate) fn unshared(filter: &str) -> &str {
    filter
        .strip_prefix("$share/")
        .and_then(|rest| rest.split_once('/'))
        .map_or(filter, |(_, pattern)| pattern)
}

/// Whether a topic matches a valid filter.
///
/// As MQTT 5 section 4.7 has it: `#` includes the level above it, and a filter that begins with a wildcard doesn't
/// match a topic that begins with `$`.
pub(crate) fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            (_, None) => return false,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use proptest::prelude::*;

    /// The definition, by recursion over levels.
    fn naive(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, topic @ ..]) => naive(filter, topic),
            ([a, filter @ ..], [b, topic @ ..]) if a == b => naive(filter, topic),
            _ => false,
        }
    }

    fn level(wild: bool) -> impl Strategy<Value = String> {
        if wild {
            prop_oneof![Just("+"), Just("a"), Just("b"), Just(""), Just("$x")].prop_map(str::to_owned).boxed()
        } else {
            prop_oneof![Just("a"), Just("b"), Just(""), Just("$x")].prop_map(str::to_owned).boxed()
        }
    }

    proptest! {
        #[test]
        fn matching_is_the_definition(
            filter in proptest::collection::vec(level(true), 1..5),
            all: bool,
            topic in proptest::collection::vec(level(false), 1..5),
        ) {
            let mut filter = filter;
            if all {
                filter.push("#".to_owned());
            }
            let (f, t) = (filter.join("/"), topic.join("/"));
            let filter: Vec<&str> = filter.iter().map(String::as_str).collect();
            let topic: Vec<&str> = topic.iter().map(String::as_str).collect();
            let hidden = topic[0].starts_with('$') && ["+", "#"].contains(&filter[0]);
            prop_assert_eq!(matches(&f, &t), !hidden && naive(&filter, &topic), "{} {}", f, t);
        }
    }

    #[test]
    fn matching_follows_the_examples_of_the_standard() {
        assert!(matches("sport/tennis/player1/#", "sport/tennis/player1"));
        assert!(matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
        assert!(matches("#", "a"));
        assert!(matches("+/+", "/finance"));
        assert!(matches("/+", "/finance"));
        assert!(!matches("+", "/finance"));
        assert!(!matches("#", "$SYS/a"));
        assert!(!matches("+/monitor/Clients", "$SYS/monitor/Clients"));
        assert!(matches("$SYS/#", "$SYS/a"));
        assert!(!matches("sport/+", "sport"));
        assert!(matches("sport/+", "sport/"));
    }

    fn found(routes: &Routes, topic: &str) -> usize {
        let mut handlers = Vec::new();
        routes.find(topic, &mut handlers);
        handlers.len()
    }

    #[test]
    fn shared_filters_route_as_what_they_share() {
        let mut routes = Routes::default();
        let alive = Arc::new(AtomicBool::new(true));
        let route = |id| Route { id, handler: MessageHandler::in_memory(|_| {}), alive: Arc::clone(&alive) };
        routes.insert("$share/g/a/+", route(1));
        routes.insert("$share/g/a/b", route(2));
        routes.insert("a/b", route(3));
        assert_eq!(found(&routes, "a/b"), 3);
        assert_eq!(found(&routes, "a/c"), 1);
        routes.remove("$share/g/a/b", 2);
        routes.remove("$share/g/a/+", 1);
        assert_eq!(found(&routes, "a/b"), 1);
        alive.store(false, Ordering::Release);
        assert_eq!(found(&routes, "a/b"), 0);
        routes.remove("a/b", 3);
        assert!(routes.exact.is_empty() && routes.wild.is_empty());
    }
}
