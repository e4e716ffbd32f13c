//! The topics of the A2A profile.

use super::ident::is_topic_text;
use super::{Identifier, Namespace};

impl Namespace {
    /// The topic of an agent's card.
    #[must_use]
    pub fn agent_card(&self, agent: &str) -> String {
        format!("{self}/agents/{agent}/card")
    }

    /// The filter for the cards of all agents.
    #[must_use]
    pub fn agent_cards(&self) -> String {
        self.agent_card("+")
    }

    /// The topic of an agent's status and of its Will.
    #[must_use]
    pub fn agent_status(&self, agent: &str) -> String {
        format!("{self}/agents/{agent}/status")
    }

    /// The filter for the statuses of all agents.
    #[must_use]
    pub fn agent_statuses(&self) -> String {
        self.agent_status("+")
    }

    /// The topic of an agent's inbox.
    #[must_use]
    pub fn inbox(&self, agent: &str) -> String {
        format!("{self}/tasks/{agent}/inbox")
    }

    /// The shared filter for the inbox of an agent with replicas. The group's name is a choice of this library; the
    /// protocol does not define replicas of agents.
    #[must_use]
    pub fn shared_inbox(&self, agent: &str) -> String {
        format!("$share/a2a-agent-{agent}/{self}/tasks/{agent}/inbox")
    }

    /// The topic where a delegator receives results.
    #[must_use]
    pub fn results(&self, delegator: &str) -> String {
        format!("{self}/tasks/{delegator}/results")
    }

    /// The delegator whose results arrive on a topic: the level that a broker's access rules bind to the delegator
    /// (`SUB-7`). `None` for any other topic.
    #[must_use]
    pub fn owner_of_results<'t>(&self, topic: &'t str) -> Option<&'t str> {
        let owner = topic.strip_prefix(self.as_str())?.strip_prefix("/tasks/")?.strip_suffix("/results")?;
        (is_topic_text(topic) && Identifier::parse(owner).is_ok()).then_some(owner)
    }

    /// The topic for the result of one task (`A2A-7`).
    #[must_use]
    pub fn task_result(&self, task: &str) -> String {
        format!("{self}/tasks/{task}/result")
    }

    /// Whether a result may be published to a topic: only `results` of a delegator or `result` of a task in this
    /// namespace, so that a delegator cannot make an agent publish elsewhere.
    #[must_use]
    pub fn is_safe_result(&self, topic: &str) -> bool {
        let levels = topic.strip_prefix(self.as_str()).and_then(|rest| rest.strip_prefix("/tasks/"));
        let Some((name, kind)) = levels.and_then(|levels| levels.split_once('/')) else { return false };
        matches!(kind, "result" | "results") && is_topic_text(topic) && Identifier::parse(name).is_ok()
    }
}
