//! Where a message goes: one look-up for its exact topic, then the filters with wildcards one by one.

use std::collections::HashMap;

use super::message::Sink;

/// The sinks of all subscriptions.
#[derive(Default)]
pub(super) struct Routes {
    exact: HashMap<Box<str>, Vec<(u64, Sink)>>,
    wildcard: Vec<(u64, Box<str>, Sink)>,
}

impl Routes {
    /// Adds the sink of subscription `id`. The group of a shared filter plays no part in the topics of its messages.
    pub(super) fn add(&mut self, id: u64, filter: &str, sink: Sink) {
        let filter = plain(filter);
        if filter.contains(['+', '#']) {
            self.wildcard.push((id, filter.into(), sink));
        } else {
            self.exact.entry(filter.into()).or_default().push((id, sink));
        }
    }

    pub(super) fn remove(&mut self, id: u64, filter: &str) {
        let filter = plain(filter);
        self.wildcard.retain(|route| route.0 != id);
        if let Some(sinks) = self.exact.get_mut(filter) {
            sinks.retain(|route| route.0 != id);
            if sinks.is_empty() {
                self.exact.remove(filter);
            }
        }
    }

    /// The sinks of a topic.
    pub(super) fn of<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Sink> {
        let exact = self.exact.get(topic).into_iter().flatten().map(|(_, sink)| sink);
        let wildcard = self.wildcard.iter().filter(|(_, filter, _)| matches(filter, topic)).map(|(_, _, sink)| sink);
        exact.chain(wildcard)
    }
}

/// The filter of a shared subscription without its group.
fn plain(filter: &str) -> &str {
    let shared = filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
    shared.map_or(filter, |(_, filter)| filter)
}

/// MQTT's matching: `+` is one level, `#` the rest and the level above it; neither matches a first level that begins
/// with `$`.
fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(level), Some(other)) if level == other => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_specification_s_own_examples() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/uptime", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/uptime", true),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }

    #[test]
    fn a_shared_filter_routes_as_the_filter_it_shares() {
        let mut routes = Routes::default();
        routes.add(1, "$share/group/a/b", Arc::new(|_| {}));
        assert_eq!(routes.of("a/b").count(), 1);
        routes.remove(1, "$share/group/a/b");
        assert_eq!(routes.of("a/b").count(), 0);
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition_by_levels(
            filter in "((a|b|\\+)/){0,3}(a|b|\\+|#)", topic in "((a|b|)/){0,3}(a|b|)",
        ) {
            let expected = naive(&filter.split('/').collect::<Vec<_>>(), &topic.split('/').collect::<Vec<_>>());
            prop_assert_eq!(matches(&filter, &topic), expected);
        }
    }

    fn naive(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) => true,
            ([], []) => true,
            ([level, filter @ ..], [name, topic @ ..]) => (*level == "+" || level == name) && naive(filter, topic),
            _ => false,
        }
    }
}
