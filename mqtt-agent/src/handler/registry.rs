//! The definitions that the macros generate: one [`ToolDef`], [`SkillDef`], [`HandlerDef`] or [`EventDef`] for each
//! annotated function, and how they are collected.
//!
//! A definition is constant data: names, descriptions, parameters and a function pointer. Nothing runs before `main`;
//! schemas are generated when an [`Agent`](crate::Agent) is built.

mod agent;
mod arg;
mod check;
mod collected;
mod handler;
mod list;
mod published;
mod skill;
mod text;
mod tool;
mod topic;

#[doc(hidden)]
pub use agent::{AgentDef, BlockDef};
pub use arg::{ArgDef, Bound, Bounds};
#[doc(hidden)]
pub use check::{
    check_given, check_message, check_narrowed, check_parameter, check_skill_parameter, first_paragraph,
    trimmed,
};
pub(crate) use collected::{Collected, Package};
pub use handler::{EventDef, HandlerDef, HandlerKind};
pub use list::{HandlerList, SkillList, ToolList};
#[doc(hidden)]
pub use published::{PublishedArgument, check_published};
pub use skill::{CardDef, OnCrash, SkillDef};
pub(crate) use text::same;
pub use tool::{Handler, Hints, Refused, ToolDef};
pub use topic::{PlaceholderDef, TopicDef};

use std::fmt;

/// A place in a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    file: &'static str,
    line: u32,
}

impl Location {
    /// A place in a source file.
    #[must_use]
    pub const fn new(file: &'static str, line: u32) -> Self {
        Self { file, line }
    }

    /// The place of the call of a function that tracks its callers.
    #[track_caller]
    pub(crate) fn of_caller() -> Self {
        let caller = std::panic::Location::caller();
        Self { file: caller.file(), line: caller.line() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What `inventory` collects; one for each `#[tool]`, with the package it was compiled in.
#[doc(hidden)]
#[derive(Debug)]
pub struct RegisteredTool(pub &'static ToolDef, pub Option<&'static str>);

inventory::collect!(RegisteredTool);

/// What `inventory` collects; one for each `#[on]` and `#[request]`, with its package.
#[doc(hidden)]
#[derive(Debug)]
pub struct RegisteredHandler(pub &'static HandlerDef, pub Option<&'static str>);

inventory::collect!(RegisteredHandler);

/// What `inventory` collects; one for each `#[event]`.
#[doc(hidden)]
#[derive(Debug)]
pub struct RegisteredEvent(pub &'static EventDef);

inventory::collect!(RegisteredEvent);

/// What `inventory` collects; one for each `#[skill]`, with its package.
#[doc(hidden)]
#[derive(Debug)]
pub struct RegisteredSkill(pub &'static SkillDef, pub Option<&'static str>);

inventory::collect!(RegisteredSkill);

/// What `inventory` collects; one for each type with `#[agent] impl` that is not generic.
#[doc(hidden)]
#[derive(Debug)]
pub struct RegisteredAgent(pub AgentDef);

inventory::collect!(RegisteredAgent);
