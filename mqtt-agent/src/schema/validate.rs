//! Checks values against a JSON Schema (2020-12), in a bounded number of steps (`MCP-8a`).
//!
//! - [`compile`]: a schema becomes a [`plan`], once: flat nodes that name each other by number; `choice` finds the tag by
//!   which the alternatives of an enum are told apart, `cycles` refuses references that lead nowhere
//! - [`run`]: whether a value fits; each node looks at each value once, and all steps are counted; `size` bounds them
//! - [`explain`]: what does not fit, where, and what was expected
//! - `equal`, `number`, `decimal`, `pattern`, `types`: what keywords compare; `ecma` reads patterns as ECMA-262 has them
//!
//! Not taken, with an error when it is compiled: references to other documents, `$dynamicRef`, and patterns that take more
//! than linear time. `format` is a note, as the specification has it.

mod choice;
mod compile;
mod cycles;
mod decimal;
mod ecma;
mod equal;
mod explain;
mod number;
mod pattern;
mod plan;
mod run;
mod size;
mod types;
mod unevaluated;

#[cfg(test)]
mod tests;

pub(super) use compile::compile;
pub(super) use explain::{Expected, Wrong, Wrongs};
pub(super) use plan::{Check, Plan};
pub(super) use types::Types;
