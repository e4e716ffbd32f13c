//! The skills of an agent, as its card has them.

use mqtt_agent::wire::{AgentCard, AgentSkill};

use crate::exit::{Exit, Failure};
use crate::near::near;
use crate::told::{self, some_named};

/// The ids of an agent's skills, the first ones.
pub(crate) fn ids(card: &AgentCard) -> String {
    some_named(card.skills.iter().map(|skill| skill.id.as_str()))
}

/// The skill that a task is for: the one that is named, or the only one. `None` where the agent chooses.
pub(crate) fn chosen<'c>(
    card: &'c AgentCard,
    agent: &str,
    named: Option<&str>,
) -> Result<Option<&'c AgentSkill>, Failure> {
    let Some(named) = named else {
        return Ok(card.skills.first().filter(|_| card.skills.len() == 1));
    };
    // An agent of another implementation may say nothing of its skills.
    if card.skills.is_empty() {
        return Ok(None);
    }
    if let Some(skill) = card.skill(named) {
        return Ok(Some(skill));
    }
    let known = card.skills.iter().map(|skill| skill.id.as_str());
    let message = match near(named, known) {
        Some(close) => {
            format!(
                "`{agent}` has no skill `{named}`, only {}; did you mean `{}`?",
                ids(card),
                told::named(close)
            )
        }
        None => format!("`{agent}` has no skill `{named}`; choose one of {}", ids(card)),
    };
    Err(Failure::new(Exit::Usage, message))
}
