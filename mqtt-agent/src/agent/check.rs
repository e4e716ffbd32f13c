//! The checks before connecting: every problem is found, none hides another.

use std::collections::HashMap;

use super::Connect;
use crate::context::States;
use crate::error::Problem;
use crate::mcp::{Cards, ReadyTool, tool_card};
use crate::param::Need;
use crate::registry::ToolDef;
use crate::schema::ToolSchemas;
use crate::schema::dialect::{self, Dialect};
use crate::wire::{Identifier, Namespace, ToolCard};

/// What passed.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) id: Identifier,
    pub(super) namespace: Namespace,
    pub(super) tools: Vec<ReadyTool>,
    pub(super) cards: Cards,
}

impl Checked {
    pub(super) fn new(
        id: &str,
        instance: Option<&str>,
        namespace: Option<&str>,
        tools: &[&'static ToolDef],
        states: &States,
        dialects: &[Dialect],
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let full_id = instance.map_or_else(|| id.to_owned(), |instance| format!("{id}-{instance}"));
        let id = Identifier::portable(&full_id)
            .map_err(|error| problems.push(Problem::new(format!("the agent's id: {error}"))))
            .ok();
        let namespace = namespace.map_or_else(|| Ok(Namespace::default()), Namespace::parse);
        let namespace = namespace.map_err(|error| problems.push(Problem::new(error.to_string()))).ok();

        duplicates(tools, &mut problems);
        let mut ready = Vec::with_capacity(tools.len());
        let mut cards: Vec<ToolCard> = Vec::with_capacity(tools.len());
        for &tool in tools {
            missing_states(tool, states, &mut problems);
            match ToolSchemas::of(tool) {
                Ok(schemas) => {
                    refused(tool, &schemas, dialects, &mut problems);
                    if let (Some(id), Some(namespace)) = (&id, &namespace) {
                        cards.push(tool_card(tool, &schemas, namespace, id));
                    }
                    ready.push(ReadyTool { tool, arguments: schemas.validator });
                }
                Err(errors) => {
                    problems.extend(errors.iter().map(|error| about(tool, &error.to_string())));
                }
            }
        }
        match (id, namespace) {
            (Some(id), Some(namespace)) if problems.is_empty() => {
                let cards = Cards::new(namespace.clone(), &id, cards);
                Ok(Self { id, namespace, tools: ready, cards })
            }
            _ => Err(problems),
        }
    }

    /// What can only be checked against the agent's own settings.
    pub(super) fn expect(&mut self, tools: Option<usize>, connect: &Connect) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        if let Some(expected) = tools.filter(|&expected| expected != self.tools.len()) {
            let names: Vec<_> = self.tools.iter().map(|ready| ready.tool.name()).collect();
            problems.push(Problem::new(format!(
                "{expected} tools are expected and {} are there ({}); a crate that nothing refers to is left out by the \
                 linker: name its tools with `.tools(tools![..])`",
                names.len(),
                if names.is_empty() { "none".to_owned() } else { names.join(", ") },
            )));
        }
        if !self.tools.is_empty() && connect.will_delay >= connect.session_expiry {
            problems.push(Problem::new(format!(
                "the will delay of {:?} is not below the session expiry of {:?}; make it shorter (SUB-9)",
                connect.will_delay, connect.session_expiry,
            )));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

fn about(tool: &ToolDef, message: &str) -> Problem {
    Problem::at(tool.location(), format!("tool `{}`: {message}", tool.name()))
}

fn duplicates(tools: &[&'static ToolDef], problems: &mut Vec<Problem>) {
    let mut first: HashMap<&str, &ToolDef> = HashMap::with_capacity(tools.len());
    for &tool in tools {
        if let Some(earlier) = first.insert(tool.name(), tool) {
            problems.push(Problem::at(
                tool.location(),
                format!(
                    "tool `{}` is also defined at {}; give one of them another `name`",
                    tool.name(),
                    earlier.location()
                ),
            ));
        }
    }
}

/// What no client, or no client of a provider that was asked for, would take.
fn refused(tool: &ToolDef, schemas: &ToolSchemas, dialects: &[Dialect], problems: &mut Vec<Problem>) {
    for dialect in dialects {
        let refusals = dialect::refusals(tool.name(), &schemas.input, schemas.output.as_ref(), *dialect);
        problems.extend(refusals.iter().map(|refusal| about(tool, &refusal.to_string())));
    }
}

fn missing_states(tool: &ToolDef, states: &States, problems: &mut Vec<Problem>) {
    for arg in tool.args {
        if let Need::State { type_id, type_name } = arg.need
            && !states.has(type_id())
        {
            let type_name = type_name();
            problems.push(about(
                tool,
                &format!("takes `State<{type_name}>`, which the agent lacks; give it with `.state(..)`"),
            ));
        }
    }
}
