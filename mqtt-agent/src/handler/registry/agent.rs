//! [`AgentDef`]: what an agent publishes, by block.

use super::{CardDef, EventDef, HandlerDef, SkillDef, ToolDef};

/// What an `impl` block serves and publishes. Created by generated code.
#[derive(Debug, Clone, Copy)]
pub struct BlockDef {
    /// Whether tool names and skill ids are already checked for uniqueness in the crate (feature `unique-names`).
    pub claimed: bool,
    /// The methods with `#[tool]`.
    pub tools: &'static [&'static ToolDef],
    /// The methods with `#[skill]`.
    pub skills: &'static [&'static SkillDef],
    /// The methods with `#[on]` and `#[request]`.
    pub handlers: &'static [&'static HandlerDef],
    /// The methods with `#[event]`.
    pub events: &'static [&'static EventDef],
}

impl BlockDef {
    /// A placeholder for a block with errors, so that it does not add another error.
    pub const EMPTY: Self = Self { claimed: false, tools: &[], skills: &[], handlers: &[], events: &[] };

    /// Panics if the block at `index` repeats a tool's name, a skill's id or a handler's topic of an earlier block.
    /// Called by generated code, at the name of the part.
    #[allow(clippy::indexing_slicing)]
    #[track_caller]
    pub const fn assert_new_part(blocks: &[Self], index: usize) {
        let mut earlier = 0;
        while earlier < index {
            blocks[index].assert_new_after(blocks[earlier]);
            earlier += 1;
        }
    }

    #[allow(clippy::indexing_slicing)]
    #[track_caller]
    const fn assert_new_after(self, block: Self) {
        let mut index = 0;
        // Of two names that are claimed rustc has told already.
        let claimed = self.claimed && block.claimed;
        while index < self.tools.len() && !claimed {
            self.tools[index].assert_new_in(block.tools, block.tools.len());
            index += 1;
        }
        index = 0;
        while index < self.skills.len() && !claimed {
            self.skills[index].assert_new_in(block.skills, block.skills.len());
            index += 1;
        }
        index = 0;
        while index < self.handlers.len() {
            self.handlers[index].assert_new_in(block.handlers);
            index += 1;
        }
    }
}

/// What an agent publishes.
#[derive(Debug, Clone, Copy)]
pub struct AgentDef {
    pub(crate) id: &'static str,
    pub(crate) card: Option<&'static CardDef>,
    blocks: &'static [BlockDef],
}

impl AgentDef {
    /// From a type's blocks. Called by generated code.
    #[must_use]
    pub const fn new(id: &'static str, card: Option<&'static CardDef>, blocks: &'static [BlockDef]) -> Self {
        Self { id, card, blocks }
    }

    pub(crate) fn tools(self) -> impl Iterator<Item = &'static ToolDef> {
        self.blocks.iter().flat_map(|block| block.tools.iter().copied())
    }

    pub(crate) fn skills(self) -> impl Iterator<Item = &'static SkillDef> {
        self.blocks.iter().flat_map(|block| block.skills.iter().copied())
    }

    pub(crate) fn handlers(self) -> impl Iterator<Item = &'static HandlerDef> {
        self.blocks.iter().flat_map(|block| block.handlers.iter().copied())
    }

    pub(crate) fn events(self) -> impl Iterator<Item = &'static EventDef> {
        self.blocks.iter().flat_map(|block| block.events.iter().copied())
    }

    /// Panics if two blocks have the same name; for a generic type this is known where the type is served.
    #[track_caller]
    pub(crate) const fn assert_new_parts(self) {
        let mut index = 1;
        while index < self.blocks.len() {
            BlockDef::assert_new_part(self.blocks, index);
            index += 1;
        }
    }
}
