//! A checked skill, and the data of a task that it gets.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::handler::layer::Layers;
use crate::handler::param::Need;
use crate::handler::refusal::invalid_arguments;
use crate::handler::registry::SkillDef;
use crate::schema::{SchemaError, ToolSchemas};
use crate::serve::{Places, own_places};
use crate::wire::{AgentSkill, Role, Task, TaskError};

/// One skill, checked and ready to be served.
#[derive(Debug)]
pub(crate) struct ReadySkill {
    pub(crate) skill: &'static SkillDef,
    schemas: ToolSchemas,
    /// Whether it has parameters that a task's data fills.
    takes_arguments: bool,
    /// Its own places; `None`: as many as the agent has.
    pub(super) places: Option<Arc<Places>>,
    pub(super) layers: Layers,
}

impl ReadySkill {
    pub(crate) fn new(skill: &'static SkillDef, layers: Layers) -> Result<Self, Vec<SchemaError>> {
        let schemas = ToolSchemas::of(skill.args, skill.output)?;
        let argument = |need: &Need| matches!(need, Need::Argument { .. } | Need::Arguments { .. });
        let takes_arguments = skill.args.iter().any(|arg| argument(&arg.need));
        let places = own_places(skill.concurrency);
        Ok(Self { skill, schemas, takes_arguments, places, layers })
    }

    /// What a task's arguments have to be; `None` for a skill that takes none.
    pub(crate) fn input(&self) -> Option<&Value> {
        self.takes_arguments.then_some(&self.schemas.input)
    }

    /// What its result is; `None` for a skill without one.
    pub(crate) fn output(&self) -> Option<&Value> {
        self.schemas.output.as_ref()
    }

    /// The skill on the agent's card.
    pub(crate) fn card(&self) -> AgentSkill {
        let skill = self.skill;
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let or = |given: Vec<String>, default: &[&str]| if given.is_empty() { owned(default) } else { given };
        let input: &[&str] = match self.takes_arguments {
            true => &["application/json"],
            false => &["text/plain", "application/json"],
        };
        AgentSkill {
            id: skill.id.to_owned(),
            name: skill.name.unwrap_or(skill.id).to_owned(),
            description: skill.description.to_owned(),
            // A2A asks for at least one.
            tags: or(owned(skill.tags), &[skill.id]),
            examples: owned(skill.examples),
            input_modes: or(owned(skill.input_modes), input),
            output_modes: or(owned(skill.output_modes), &["application/json"]),
        }
    }

    /// The arguments that a task gives: the JSON objects of its first message, together.
    pub(super) fn arguments(&self, task: &Task) -> Result<Map<String, Value>, TaskError> {
        if !self.takes_arguments {
            return Ok(Map::new());
        }
        let mut arguments = Map::new();
        let first = task.messages.iter().find(|message| message.role == Role::User);
        for part in first.into_iter().flat_map(|message| &message.content) {
            let value = match (part.as_data(), part.as_text()) {
                (Some(value), _) => Some(value.clone()),
                // A v0.1 peer has texts alone.
                (None, Some(text)) if text.trim_start().starts_with('{') => serde_json::from_str(text).ok(),
                _ => None,
            };
            if let Some(Value::Object(object)) = value {
                arguments.extend(object);
            }
        }
        match self.schemas.validator.check(&mut arguments) {
            Ok(()) => Ok(arguments),
            Err(errors) => Err(invalid_arguments(&errors).into()),
        }
    }
}
