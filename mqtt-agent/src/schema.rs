//! JSON Schemas of tools: generated from the macros' definitions, cleaned for the card, and used to check arguments
//! before a handler runs.
//!
//! The schemas on the card are for language models and their clients, many of which accept only a part of JSON Schema:
//! everything is inlined (a recursive type keeps its `$defs`), there is no `format` that JSON Schema does not define,
//! an `Option` is a property that is not required instead of a union with `null`, the alternatives of an enum are
//! `anyOf`, there is no `title` and no `$schema`, and properties are in alphabetical order. [`dialect`] finds what some
//! client or provider still refuses. Arguments are checked against a schema that keeps its `null`s, because serde
//! accepts an explicit `null` for an `Option`.

pub mod dialect;

mod arguments;
mod bounds;
mod clean;
mod error;
mod generate;
mod keywords;
mod narrow;
mod validate;
mod wording;

#[cfg(test)]
mod tests;

pub use error::SchemaError;

pub(crate) use arguments::Arguments;
pub(crate) use generate::{ToolSchemas, accepted, described};
