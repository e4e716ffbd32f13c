//! JSON Schemas of tools: made from the definitions that the macros leave behind, cleaned for the card, and used to
//! check arguments before a handler runs.
//!
//! What goes on the card is written for language models and their clients, many of which take only a part of JSON
//! Schema: everything inlined (a recursive type keeps its `$defs`), no `format` that JSON Schema does not know, an
//! `Option` as a property that is not required instead of a union with `null`, `anyOf` for the alternatives of an enum,
//! no `title`, no `$schema`, properties in alphabetical order. What is left that some client or provider refuses,
//! [`dialect`] finds. Arguments are checked against a schema that has kept its `null`s, for serde accepts an explicit
//! one for an `Option`.

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
