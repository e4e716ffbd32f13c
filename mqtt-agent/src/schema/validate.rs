//! Checks values against a JSON Schema (2020-12), in a bounded number of steps (`MCP-8a`).
//!
//! - [`compile`]: converts a schema to a [`plan`], once: flat nodes that refer to each other by number; `choice` finds
//!   the tag that distinguishes the alternatives of an enum, `cycles` refuses endless references
//! - [`run`]: checks whether a value fits; each node checks each value once, and all steps are counted; `size` limits
//!   them
//! - [`explain`]: says what does not fit, where, and what was expected
//! - `equal`, `number`, `decimal`, `pattern`, `types`: comparisons for keywords; `ecma` reads ECMA-262 patterns
//!
//! Not supported, with an error when the schema is compiled: references to other documents, `$dynamicRef`, and patterns
//! that take more than linear time. `format` is only an annotation, as in the specification.

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
