//! The topics of the A2A profile.

use super::ident::is_topic_text;
use super::{Identifier, Namespace};

impl Namespace {
    /// Where an agent's card is retained.
    #[must_use]
    pub fn agent_card(&self, agent: &str) -> String {
        format!("{self}/agents/{agent}/card")
    }

    /// The filter of all agents' cards.
    #[must_use]
    pub fn agent_cards(&self) -> String {
        self.agent_card("+")
    }

    /// Where an agent's status is retained; its Will is published there too.
    #[must_use]
    pub fn agent_status(&self, agent: &str) -> String {
        format!("{self}/agents/{agent}/status")
    }

    /// The filter of all agents' statuses.
    #[must_use]
    pub fn agent_statuses(&self) -> String {
        self.agent_status("+")
    }

    /// Where an agent takes tasks.
    #[must_use]
    pub fn inbox(&self, agent: &str) -> String {
        format!("{self}/tasks/{agent}/inbox")
    }

    /// The filter by which the replicas of an agent share its tasks. The group's name is ours; the protocol says
    /// nothing of replicas of agents.
    #[must_use]
    pub fn shared_inbox(&self, agent: &str) -> String {
        format!("$share/a2a-agent-{agent}/{self}/tasks/{agent}/inbox")
    }

    /// Where whoever delegates takes results.
    #[must_use]
    pub fn results(&self, delegator: &str) -> String {
        format!("{self}/tasks/{delegator}/results")
    }

    /// Where the result of one task is awaited (`A2A-7`).
    #[must_use]
    pub fn task_result(&self, task: &str) -> String {
        format!("{self}/tasks/{task}/result")
    }

    /// Whether a task's result may be sent there: only to `results` of a delegator or `result` of a task in this
    /// namespace, so that nobody can make an agent publish anywhere else.
    #[must_use]
    pub fn is_safe_result(&self, topic: &str) -> bool {
        let levels = topic.strip_prefix(self.as_str()).and_then(|rest| rest.strip_prefix("/tasks/"));
        let Some((name, kind)) = levels.and_then(|levels| levels.split_once('/')) else { return false };
        matches!(kind, "result" | "results") && is_topic_text(topic) && Identifier::parse(name).is_ok()
    }
}
