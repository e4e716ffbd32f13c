//! [`AgentDef`]: what one agent publishes, block by block.

use super::{CardDef, EventDef, HandlerDef, SkillDef, ToolDef};

/// What one `impl` block serves and publishes. Written by generated code.
#[derive(Debug, Clone, Copy)]
pub struct BlockDef {
    /// Whether each tool's name and each skill's id is claimed in the whole crate already (feature `unique-names`).
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
    /// Stands in for a block that did not compile, so that it adds no error of its own.
    pub const EMPTY: Self = Self { claimed: false, tools: &[], skills: &[], handlers: &[], events: &[] };

    /// Refuses the block at `index` if one before it gives a tool's name, a skill's id or a handler's topic too. Called
    /// by generated code, at the name of the part.
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

/// What one agent publishes.
#[derive(Debug, Clone, Copy)]
pub struct AgentDef {
    pub(crate) id: &'static str,
    pub(crate) card: Option<&'static CardDef>,
    blocks: &'static [BlockDef],
}

impl AgentDef {
    /// That of a type's blocks. Called by generated code.
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

    /// Refuses a name that two blocks give: those of a generic type are known where it is served.
    #[track_caller]
    pub(crate) const fn assert_new_parts(self) {
        let mut index = 1;
        while index < self.blocks.len() {
            BlockDef::assert_new_part(self.blocks, index);
            index += 1;
        }
    }
}
