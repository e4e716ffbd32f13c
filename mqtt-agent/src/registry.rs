//! What the macros leave behind: one [`ToolDef`] for each annotated function, and how they are found.
//!
//! A definition is data that the compiler evaluates: names, descriptions, parameters and a function pointer. Nothing
//! runs before `main`; schemas are made when an [`Agent`](crate::Agent) is built.

mod arg;
mod check;
mod list;
mod tool;

pub use arg::{ArgDef, Bound, Bounds};
#[doc(hidden)]
pub use check::{check_narrowed, check_parameter, first_paragraph};
pub use tool::{Handler, Hints, Refused, ToolDef, ToolFuture};

use std::fmt;

/// Where something was written.
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
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What `inventory` collects; one for each `#[tool]`.
#[doc(hidden)]
#[derive(Debug)]
pub struct RegisteredTool(pub &'static ToolDef);

inventory::collect!(RegisteredTool);

/// Every `#[tool]` of the crates that are linked into this program.
pub(crate) fn registered_tools() -> Vec<&'static ToolDef> {
    let mut tools: Vec<_> = inventory::iter::<RegisteredTool>.into_iter().map(|tool| tool.0).collect();
    // The linker's order is not ours to rely on; cards, logs and messages come in the order of names.
    tools.sort_by_key(|tool| tool.name());
    tools
}
