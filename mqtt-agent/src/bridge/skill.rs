//! The skills of agents as tools, one for each skill: how hosts see them, and the tasks for their calls.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::outcome::Failure;
use crate::a2a::NewTask;
use crate::wire::{AgentCard, AgentSkill, Identifier, ToolCard};

/// How many examples of a skill are told.
const MOST_EXAMPLES: usize = 5;

/// What a skill takes that has no schema.
static MESSAGE: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "type": "object",
        "properties": {"message": {"type": "string", "description": "What the agent is to do, in plain words."}},
        "required": ["message"],
    })
});

/// The cards of the tools that an agent's skills are. Their names are no names of tools on the broker: `agent/skill`.
pub(super) fn cards(agent: &AgentCard) -> Vec<ToolCard> {
    let id = agent_id(agent);
    agent.skills.iter().filter_map(|skill| card(&id, agent, skill)).collect()
}

/// The agent and the skill that such a card is of.
pub(super) fn of(tool: &str) -> Option<(&str, &str)> {
    tool.split_once('/')
}

/// Whose inbox it is: replicas share one.
fn agent_id(agent: &AgentCard) -> String {
    let inbox = agent.endpoints.inbox.strip_suffix("/inbox").and_then(|topic| topic.rsplit('/').next());
    inbox.filter(|id| Identifier::parse(id).is_ok()).unwrap_or(&agent.agent_id).to_owned()
}

fn card(id: &str, agent: &AgentCard, skill: &AgentSkill) -> Option<ToolCard> {
    let mut description = skill.description.clone();
    for (index, example) in skill.examples.iter().take(MOST_EXAMPLES).enumerate() {
        description.push_str(if index == 0 { "\n\nExamples:" } else { "" });
        description.push_str(&format!("\n- {example}"));
    }
    let card = json!({
        "server": agent.agent_id,
        "description": description,
        "title": if skill.name.is_empty() { &skill.id } else { &skill.name },
        "tags": skill.tags,
        "input_schema": agent.input_schema(&skill.id).unwrap_or(&MESSAGE),
        // `null` is none.
        "output_schema": agent.output_schema(&skill.id),
    });
    // As what a peer sent, for it is.
    ToolCard::read(&format!("{id}/{}", skill.id), card.to_string().as_bytes()).ok()?
}

/// What a call of such a tool asks for.
pub(super) fn task(card: &ToolCard, skill: &str, arguments: &Map<String, Value>) -> Result<NewTask, Failure> {
    let task = NewTask::skill(skill);
    if *card.input_schema != *MESSAGE {
        return Ok(task.data(arguments));
    }
    match arguments.get("message").and_then(Value::as_str) {
        Some(message) => Ok(task.text(message)),
        None => Err(Failure::new(
            "invalid_arguments",
            "there is no `message`, a string; say what the agent is to do",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(json: &Value) -> AgentCard {
        serde_json::from_value(json.clone()).unwrap()
    }

    #[test]
    fn a_skill_is_a_tool_that_takes_a_message() {
        let cards = cards(&agent(&json!({
            "agent_id": "writer-2",
            "endpoints": {"inbox": "a2a/v1/tasks/writer/inbox"},
            "skills": [{"id": "poem", "name": "Poem", "description": "Writes.", "examples": ["of spring"], "tags": ["art"]}],
        })));
        let [card] = cards.as_slice() else { panic!("{cards:?}") };
        assert_eq!((card.tool.as_str(), card.server.as_str()), ("writer/poem", "writer-2"));
        assert_eq!(card.description, "Writes.\n\nExamples:\n- of spring");
        assert_eq!(of(&card.tool), Some(("writer", "poem")));
        let message = Map::from_iter([("message".to_owned(), json!("of autumn"))]);
        assert!(task(card, "poem", &message).is_ok());
        assert!(task(card, "poem", &Map::new()).is_err());
    }

    #[test]
    fn a_skill_with_a_schema_takes_its_arguments() {
        let input = json!({"type": "object", "properties": {"text": {"type": "string"}}});
        let cards = cards(&agent(&json!({
            "agent_id": "writer",
            "skills": [{"id": "translate"}, {"id": "a/b"}],
            "extensions": [{"uri": crate::wire::SKILL_SCHEMAS, "params": {"translate": {"input": input, "output": {"type": "string"}}}}],
        })));
        assert_eq!(*cards[0].input_schema, input);
        assert!(cards[0].output_schema.is_some());
        assert_eq!(of(&cards[1].tool), Some(("writer", "a/b")));
        assert!(task(&cards[0], "translate", &Map::new()).is_ok());
    }
}
