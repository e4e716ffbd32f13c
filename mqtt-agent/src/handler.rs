//! What a handler is: a user's function, what it takes and gives, and how it is run.
//!
//! - [`param`], [`reply`]: what its parameters and its result can be
//! - [`content`]: a reply beyond JSON
//! - [`registry`]: what the macros leave behind
//! - [`context`], [`partials`]: what it is given
//! - [`run`]: running it once; [`refusal`]: the errors that callers are given without it
//! - [`layer`]: what stands around it

pub(crate) mod content;
pub mod context;
pub mod layer;
pub mod param;
pub(crate) mod partials;
pub(crate) mod refusal;
pub mod registry;
pub mod reply;
pub(crate) mod run;
