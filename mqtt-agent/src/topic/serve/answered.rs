//! [`ReplyRules`]: on which Response Topics a request may be answered.
//!
//! The requester names the topic, and the agent publishes with its own rights. Without rules, a requester could make
//! the agent publish on topics on which the requester itself may not.

use crate::handler::registry::HandlerDef;
use crate::link::{matches, unshared};
use crate::topic::filter;
use crate::wire::Namespace;

/// What holds for all requests of an agent.
#[derive(Debug)]
pub(super) struct ReplyRules {
    namespace: Namespace,
    /// Topics that the agent's user allows, as filters.
    allowed: Vec<String>,
    /// What the agent subscribes to: an answer there would be work for itself.
    own: Vec<String>,
}

impl ReplyRules {
    pub(super) fn new(namespace: Namespace, allowed: Vec<String>, handlers: &[&'static HandlerDef]) -> Self {
        let own = handlers.iter().map(|handler| unshared(&filter(handler)).to_owned()).collect();
        Self { namespace, allowed, own }
    }

    /// Whether requests of a handler may be answered there: at a client's response topic, and where a user says so, but
    /// nowhere else in the namespace, and at nothing that the agent itself handles.
    pub(super) fn allow(&self, handler: &HandlerDef, topic: &str) -> bool {
        if self.namespace.is_safe_reply(topic) {
            return true;
        }
        let namespace = self.namespace.as_str();
        let in_namespace =
            topic.strip_prefix(namespace).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let mut allowed = self.allowed.iter().map(String::as_str).chain(handler.reply);
        !in_namespace
            && allowed.any(|filter| matches(filter, topic))
            && !self.own.iter().any(|filter| matches(filter, topic))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use schemars::SchemaGenerator;

    use super::*;
    use crate::handler::registry::{Handler, HandlerKind, Location, Refused, TopicDef};

    const fn handler(topic: &'static str) -> HandlerDef {
        HandlerDef::new(
            HandlerKind::Request,
            "get",
            "",
            TopicDef::new(topic, topic, &[]),
            &[],
            SchemaGenerator::subschema_for::<()>,
            Handler::Inline(|_| Err(Refused)),
            Location::new("", 0),
        )
    }

    static OPEN: HandlerDef = handler("home/get").reply("answers/+");
    static PLAIN: HandlerDef = handler("home/set").shared("g");

    fn rules(namespace: &str, allowed: &[&str]) -> ReplyRules {
        let allowed = allowed.iter().map(|&filter| filter.to_owned()).collect();
        ReplyRules::new(Namespace::parse(namespace).unwrap(), allowed, &[&OPEN, &PLAIN])
    }

    #[test]
    fn requests_are_answered_to_clients_and_to_what_the_user_allows() {
        let rules = rules("a2a/v1", &["more/#"]);
        for topic in ["a2a/v1/mcp/clients/me/responses", "answers/me", "more", "more/x/y"] {
            assert!(rules.allow(&OPEN, topic), "{topic}");
        }
        assert!(!rules.allow(&PLAIN, "answers/me"), "another handler's");
        for topic in ["door/7/open", "answers", "answers/me/too", "a2a/v1/mcp/clients/a/b/responses"] {
            assert!(!rules.allow(&OPEN, topic), "{topic}");
        }
    }

    #[test]
    fn requests_are_never_answered_with_work() {
        let rules = rules("plant/7", &["#"]);
        for topic in [
            "plant/7",
            "plant/7/mcp/tools/add/call",
            "plant/7/mcp/tools/add/card",
            "plant/7/tasks/desk/inbox",
            "plant/7/tasks/x/result",
            "home/get",
            "home/set",
        ] {
            assert!(!rules.allow(&OPEN, topic), "{topic}");
        }
        assert!(rules.allow(&OPEN, "plant/70/x"), "not in the namespace");
    }
}
