//! The checks of skills and of the agent's card, and the card as it is published (`A2A-5`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::missing_states;
use crate::a2a::ReadySkill;
use crate::error::Problem;
use crate::handler::context::States;
use crate::handler::layer::AgentLayers;
use crate::handler::param::Need;
use crate::handler::registry::{CardDef, SkillDef};
use crate::wire::{
    AgentCard, AgentExtension, AgentProvider, AgentVersion, Endpoints, Identifier, Namespace, SKILL_SCHEMAS,
    Status, now_rfc3339,
};

/// The value of `version_info.sdk`.
const SDK: &str = concat!("mqtt-agent/", env!("CARGO_PKG_VERSION"));

fn about(skill: &SkillDef, message: &str) -> Problem {
    Problem::at(skill.location(), format!("skill `{}`: {message}", skill.id()))
}

pub(super) fn ready(
    skills: &[&'static SkillDef],
    states: &States,
    layers: &AgentLayers,
    problems: &mut Vec<Problem>,
) -> Vec<ReadySkill> {
    let mut first: HashMap<&str, &SkillDef> = HashMap::with_capacity(skills.len());
    let mut ready = Vec::with_capacity(skills.len());
    let mut default: Option<&SkillDef> = None;
    for &skill in skills {
        if let Some(other) = default.filter(|_| skill.default) {
            let (id, place) = (other.id(), other.location());
            let message = format!(
                "`{id}` at {place} is the agent's `default` already; remove the option from one of them"
            );
            problems.push(about(skill, &message));
        }
        default = default.or(Some(skill).filter(|skill| skill.default));
        if let Some(earlier) = first.insert(skill.id(), skill) {
            let place = earlier.location();
            let message = format!("is also defined at {place}; give one of them another `id`");
            problems.push(about(skill, &message));
        }
        missing_states(skill.args, states, |message| problems.push(about(skill, message)));
        if skill.args.iter().any(|arg| matches!(arg.need, Need::Partials { .. })) {
            let message = "takes `Partials`, which are a tool's; take a `Task` and call its `progress`";
            problems.push(about(skill, message));
        }
        match ReadySkill::new(skill, layers.of(skill.layers)) {
            Ok(checked) => ready.push(checked),
            Err(errors) => problems.extend(errors.iter().map(|error| about(skill, &error.to_string()))),
        }
    }
    ready
}

/// The agent's only card.
pub(super) fn card(cards: &[&'static CardDef], problems: &mut Vec<Problem>) -> Option<&'static CardDef> {
    if let [first, second, ..] = cards {
        let message = format!(
            "the agent has a second card, beside that of `{}` at {}; derive `AgentCard` for one of its values",
            first.id(),
            first.location(),
        );
        problems.push(Problem::at(second.location(), message));
    }
    cards.first().copied()
}

/// The agent's card, online.
pub(super) fn agent_card(
    card: Option<&CardDef>,
    skills: &[ReadySkill],
    namespace: &Namespace,
    id: &Identifier,
    agent: &str,
) -> AgentCard {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let ids: Vec<_> = skills.iter().map(|ready| ready.skill.id()).collect();
    // Who says nothing of what the agent can, says it by its skills.
    let capabilities = card.map_or(&[][..], |card| card.capabilities);
    let capabilities = if capabilities.is_empty() { owned(&ids) } else { owned(capabilities) };
    let description =
        card.map_or_else(|| format!("Does {}.", ids.join(", ")), |card| card.description.to_owned());
    AgentCard {
        version: "1".to_owned(),
        agent_id: id.as_str().to_owned(),
        name: card.map_or(agent, |card| card.name).to_owned(),
        namespace: namespace.as_str().to_owned(),
        description,
        capabilities,
        endpoints: Endpoints { inbox: namespace.inbox(agent), results: namespace.results(id.as_str()) },
        skills: skills.iter().map(ReadySkill::card).collect(),
        tags: card.map(|card| owned(card.tags)).unwrap_or_default(),
        provider: card.and_then(|card| card.provider).map(|(organization, url)| AgentProvider {
            organization: organization.to_owned(),
            url: url.to_owned(),
        }),
        documentation_url: card.and_then(|card| card.documentation).map(str::to_owned),
        icon_url: card.and_then(|card| card.icon).map(str::to_owned),
        extensions: schemas(skills).into_iter().collect(),
        features: owned(&["intents", "updates", "parts", "query"]),
        max_message_bytes: None,
        version_info: AgentVersion {
            sdk: Some(SDK.to_owned()),
            agent: card.map(|card| card.version.to_owned()),
        },
        status: Status::Online,
        last_seen: now_rfc3339(),
    }
}

/// `None` if no skill has a schema.
fn schemas(skills: &[ReadySkill]) -> Option<AgentExtension> {
    let of = |ready: &ReadySkill| {
        let mut both = Map::new();
        both.extend(ready.input().map(|schema| ("input".to_owned(), schema.clone())));
        both.extend(ready.output().map(|schema| ("output".to_owned(), schema.clone())));
        (!both.is_empty()).then(|| (ready.skill.id().to_owned(), Value::Object(both)))
    };
    let params: Map<_, _> = skills.iter().filter_map(of).collect();
    (!params.is_empty()).then(|| AgentExtension {
        uri: SKILL_SCHEMAS.to_owned(),
        description: "JSON Schemas of what skills take and give.".to_owned(),
        params,
    })
}
