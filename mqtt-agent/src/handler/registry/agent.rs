//! [`AgentDef`]: what one agent publishes.

use super::{CardDef, EventDef, HandlerDef, SkillDef, ToolDef};

/// What one agent publishes.
#[derive(Debug, Clone, Copy)]
pub struct AgentDef {
    pub(crate) id: &'static str,
    pub(crate) card: Option<&'static CardDef>,
    pub(crate) tools: &'static [&'static ToolDef],
    pub(crate) skills: &'static [&'static SkillDef],
    pub(crate) handlers: &'static [&'static HandlerDef],
    pub(crate) events: &'static [&'static EventDef],
}

impl AgentDef {
    /// That of an agent. Called by generated code.
    #[must_use]
    pub const fn new(
        id: &'static str,
        card: Option<&'static CardDef>,
        tools: &'static [&'static ToolDef],
        skills: &'static [&'static SkillDef],
        handlers: &'static [&'static HandlerDef],
        events: &'static [&'static EventDef],
    ) -> Self {
        Self { id, card, tools, skills, handlers, events }
    }
}
